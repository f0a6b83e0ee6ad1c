"""The children of the embedded worker: a pebble pool of spawned processes.

Nothing here knows the database; nothing here imports torch.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pebble import CONSTS, ProcessPool

from portrait.worker.attempt import run
from portrait.worker.child import FAULT, read_fault, start_child
from portrait.worker.messages import ChildSettings, Order
from portrait.worker.pids import is_alive
from portrait.worker.scratch import Scratch

# Seconds before a pool that broke is built again, doubled each time up to the second number.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
# Seconds from SIGTERM to SIGKILL. A child has nothing to put in order, and the pool stands still meanwhile.
CONSTS.term_timeout = 0.5

logger = logging.getLogger(__name__)


class Children:
    """``processes`` warm children, replaced when they die, together or one by one."""

    def __init__(
        self,
        processes: int,
        *,
        threads: int,
        loader: str,
        options: Any,
        logging: Mapping[str, Any] | None = None,
    ) -> None:
        self.processes = processes
        self._settings = ChildSettings(
            scratch="",
            parent=os.getpid(),
            threads=threads,
            loader=loader,
            options=options,
            logging=logging,
        )
        self._scratch = Scratch()
        self._pool: ProcessPool | None = None
        self._futures: list[Any] = []
        self._pause = FIRST_PAUSE
        self._start_at = 0.0

    def tend(self) -> None:
        """Start the pool, or start it again after it broke, without hurry. Called every moment."""
        self._scratch.mend()
        if self._pool is not None and self._pool.active:
            if self.ready():
                self._pause = FIRST_PAUSE
            return
        now = time.monotonic()
        if self._pool is not None:
            self.stop()
            self._start_at = now + self._pause
            logger.error("the pool of children broke; new ones start in %.0f s", self._pause)
            self._pause = min(LONGEST_PAUSE, self._pause * 2)
        if now >= self._start_at:
            self._pool = ProcessPool(
                max_workers=self.processes,
                initializer=start_child,
                initargs=(replace(self._settings, scratch=str(self._scratch.path)),),
                context=multiprocessing.get_context("spawn"),
            )
            # Asking is what starts the children, so that they are warm before the first job comes.
            assert self._pool.active

    def ready(self) -> int:
        """How many children have their weights in memory."""
        count = 0
        for file in self._scratch.path.glob("*.ready"):
            if is_alive(int(file.stem)):
                count += 1
            else:
                file.unlink(missing_ok=True)
        if count:
            (self._scratch.path / FAULT).unlink(missing_ok=True)
        return min(count, self.processes)

    @property
    def fault(self) -> str:
        """Why no child can start, in one line; empty while there is no reason known."""
        return read_fault(self._scratch.path / FAULT)[0]

    @property
    def scratch(self) -> Path:
        """The folder for temporary files."""
        return self._scratch.path

    def new_folder(self) -> Path:
        """An empty folder for one attempt. Raises OSError."""
        return self._scratch.new_folder()

    def submit(self, task: str, order: Order, deadline: float) -> Any:
        """A ``pebble.ProcessFuture`` of the attempt's end. After ``deadline`` seconds the child is killed."""
        assert self._pool is not None
        future = self._pool.schedule(run, args=(task, order), timeout=deadline)
        self._futures = [future, *(one for one in self._futures if not one.done())]
        return future

    def stop(self) -> None:
        """Kill the children, whatever they do. Attempts that have not ended are cancelled."""
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None
            # A pool that breaks ends the attempts it knows of. One that its scheduler thread takes from the queue at
            # that moment, or does not take any more, would stay open for good.
            for future in self._futures:
                future.cancel()
            self._futures = []

    def close(self) -> None:
        """Kill the children and remove the scratch folder."""
        self.stop()
        self._scratch.close()
