"""Which of the worker threads takes the next request, and when."""

from __future__ import annotations

import logging
import time
from typing import Any

from waitress.task import ThreadedTaskDispatcher

logger = logging.getLogger(__name__)

# Seconds; a request that takes longer is no reason for the next one to wait.
PATIENCE = 0.01


class PacedDispatcher(ThreadedTaskDispatcher):
    """Threads of which only ``at_once`` work on requests that have begun less than ``PATIENCE`` seconds ago.

    Short requests are answered sooner one after another than side by side: Python runs one thread at a time, and a
    thread that reads from SQLite gives the interpreter away with every row and waits to get it back. A request that
    takes long or waits for something holds up the others for ``PATIENCE``; then the next thread goes on with them.
    """

    lock: Any
    queue: Any
    queue_cv: Any
    threads: set[int]

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self.at_once = at_once
        # When each thread's request began, monotonic.
        self._begun: dict[int, float] = {}

    def add_task(self, task: Any) -> None:
        with self.lock:
            self.queue.append(task)
            self._wake()

    def tick(self) -> float | None:
        """Let the next thread go on where the others take long; the seconds until the next call, None for no need."""
        # Without the lock: a request that is added later comes with a call of its own.
        if not self.queue:
            return None
        with self.lock:
            self._wake()
        return PATIENCE

    def handler_thread(self, thread_no: int) -> None:
        while (task := self._next(thread_no)) is not None:
            try:
                task.service()
            except BaseException:
                logger.exception("a request ended its thread's work: %r", task)
            finally:
                with self.lock:
                    del self._begun[thread_no]

    def _next(self, thread_no: int) -> Any:
        """Wait for a request that this thread is to answer; None when the thread is to end."""
        with self.lock:
            while not self._free() and not self.stop_count:
                self.active_count -= 1
                self.queue_cv.wait()
                self.active_count += 1
            if self.stop_count:
                self.active_count -= 1
                self.stop_count -= 1
                self.threads.discard(thread_no)
                self.thread_exit_cv.notify()
                return None
            self._begun[thread_no] = time.monotonic()
            return self.queue.popleft()

    def _free(self) -> bool:
        """Whether a request waits that may begin now."""
        if not self.queue:
            return False
        since = time.monotonic() - PATIENCE
        return sum(begun > since for begun in self._begun.values()) < self.at_once

    def _wake(self) -> None:
        if self._free():
            self.queue_cv.notify()
