"""The children of a worker: a pebble pool of spawned processes and the scratch folder they write to.

Nothing here knows the database; nothing here imports torch.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import multiprocessing
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from pebble import CONSTS, ProcessPool

from portrait.worker.attempt import run
from portrait.worker.child import FAULT, read_fault, start_child
from portrait.worker.messages import ChildSettings, Order, progress_file

LOCK = "lock"
# Seconds before a pool that broke is built again, doubled each time up to the second number.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
# Seconds from SIGTERM to SIGKILL. A child has nothing to put in order, and the pool stands still meanwhile.
CONSTS.term_timeout = 0.5

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChildReport:
    """What a child last reported about its attempt."""

    pid: int
    stage: str
    progress: float


class Scratch:
    """A folder that lives as long as its worker: removed at the end, or by the next worker after a hard death.

    The worker holds a lock on a file in it. The system drops the lock when the process ends, however it ends, which
    a process id written to a file could not tell (ids are used again, and start from 1 after a reboot).
    """

    def __init__(self) -> None:
        base = Path(tempfile.gettempdir()) / f"portrait-workers-{os.getuid()}"
        base.mkdir(mode=0o700, exist_ok=True)
        if base.is_symlink() or base.stat().st_uid != os.getuid():
            raise PermissionError(f"{base} belongs to another user")
        with (base / LOCK).open("w") as everybody:
            # Held for a moment, so that no folder is taken for a dead one before it is locked.
            fcntl.flock(everybody, fcntl.LOCK_EX)
            for folder in base.iterdir():
                if folder.is_dir() and _is_abandoned(folder):
                    logger.info("removing what a dead worker left in %s", folder)
                    shutil.rmtree(folder, ignore_errors=True)
            self.path = Path(tempfile.mkdtemp(prefix="worker-", dir=base))
            self._lock = self._locked()

    def mend(self) -> None:
        """Make the folder and its lock again where a cleaner of temporary files removed them. Raises OSError."""
        if not (self.path / LOCK).exists():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.close()
            self._lock = self._locked()

    def _locked(self) -> IO[str]:
        lock = (self.path / LOCK).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def _is_abandoned(folder: Path) -> bool:
    try:
        with (folder / LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except FileNotFoundError:
        return True
    except OSError:
        return False


class Children:
    """``processes`` warm children, replaced when they die, together or one by one."""

    def __init__(self, processes: int, *, threads: int, loader: str, options: Any) -> None:
        self.processes = processes
        self._settings = ChildSettings(
            scratch="", parent=os.getpid(), threads=threads, loader=loader, options=options
        )
        self._scratch = Scratch()
        self._pool: ProcessPool | None = None
        self._futures: list[Any] = []
        self._pause = FIRST_PAUSE
        self._start_at = 0.0
        self._folders = 0

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
        """An empty folder for one attempt."""
        self._folders += 1
        folder = self._scratch.path / f"attempt-{self._folders}"
        folder.mkdir()
        return folder

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


def report_of(order: Order) -> ChildReport | None:
    """What the child reported last; None before its first report."""
    try:
        report = json.loads(progress_file(order).read_text(encoding="utf-8"))
        return ChildReport(int(report["pid"]), str(report["stage"]), float(report["progress"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def remove_folder(order: Order) -> None:
    """Remove an attempt's folder."""
    with contextlib.suppress(OSError):
        shutil.rmtree(order.folder)


def is_alive(pid: int) -> bool:
    """Whether the process ``pid`` exists and is ours."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # the id was used again, by another user
    return True
