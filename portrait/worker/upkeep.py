"""What a worker does besides portraits: heartbeats, expired leases, old photos and orphaned files."""

from __future__ import annotations

import logging
import time

from portrait.queue import orphans, retention, transitions, workers
from portrait.worker.pool import Children
from portrait.worker.running import WorkerOptions

REAP_EVERY = 5.0
SWEEP_EVERY = 3600.0

logger = logging.getLogger(__name__)


class Clock:
    """Says when a step is due again."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    def is_due(self, what: str, every: float) -> bool:
        """True at most once in ``every`` seconds for each ``what``."""
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every
        return True

    def forget(self, what: str) -> None:
        """Make ``what`` due now."""
        self._due.pop(what, None)


class Upkeep:
    """``faults`` counts the heartbeats in a row at which no child could start."""

    def __init__(self, name: str, options: WorkerOptions, clock: Clock) -> None:
        self.name = name
        self.options = options
        self.faults = 0
        self.notice = ""  # a fault that does not keep the worker from taking jobs
        self._clock = clock

    def tick(self, children: Children) -> None:
        """Do what is due."""
        if self._clock.is_due("beat", workers.BEAT_EVERY):
            self._beat(children)
        if self._clock.is_due("reap", min(REAP_EVERY, self.options.lease / 2)):
            transitions.reap_expired(backoff=self.options.backoff)
        if self._clock.is_due("sweep", SWEEP_EVERY):
            retention.forget_photos(retention.photo_limit())
            self._sweep()
            self._clock.forget("beat")  # a notice is told at once

    def sign_off(self) -> None:
        """Remove the worker from the registry."""
        workers.sign_off(self.name)

    def _sweep(self) -> None:
        todo = orphans.plan()
        if todo.reason:
            logger.error("%s", todo.reason)
        self.notice = todo.reason
        orphans.carry_out(todo)
        if todo.orphans or todo.trash:
            logger.info(
                "%s files that no job names went to the trash, %s were deleted from it",
                len(todo.orphans),
                len(todo.trash),
            )

    def _beat(self, children: Children) -> None:
        fault = children.fault
        if fault and not children.ready():
            self.faults += 1
            logger.error("the children cannot start: %s", fault)
        else:
            self.faults = 0
        workers.beat(self.name, self.options.processes, fault or self.notice, paused=bool(fault))
