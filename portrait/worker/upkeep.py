"""What a worker does besides portraits: heartbeats, expired leases, old photos and orphaned files."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from django.db import connection

from portrait.queue import orphans, recovery, retention, workers
from portrait.queue.installation import Match
from portrait.worker.aside import aside
from portrait.worker.health import Health
from portrait.worker.running import WorkerOptions

if TYPE_CHECKING:
    from portrait.worker.pool import Children

REAP_EVERY = 5.0
SWEEP_EVERY = 3600.0

logger = logging.getLogger(__name__)


def reap_every(options: WorkerOptions) -> float:
    """Seconds between two searches for expired leases."""
    return min(REAP_EVERY, options.lease / 2)


def sweep() -> orphans.Plan:
    """Delete old photos and clean up orphaned files. Raises OSError."""
    retention.forget_photos(retention.photo_limit())
    todo = orphans.plan()
    orphans.carry_out(todo)
    return todo


def tell(find: Callable[[], orphans.Plan], health: Health) -> str:
    """Log what came of a sweep. Returns what an admin has to see to, in one line, or ``""``."""
    try:
        todo = find()
    except OSError as error:
        health.blame(f"the media storage cannot be used: {error}")
        return ""
    if todo.reason == Match.MISSING:
        health.blame(todo.reason)
        return ""
    if todo.reason:
        logger.error("%s", todo.reason)
    if todo.orphans or todo.trash:
        logger.info(
            "%s files that no job names went to the trash, %s were deleted from it",
            len(todo.orphans),
            len(todo.trash),
        )
    return todo.reason


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
    """``faults`` counts the heartbeats in a row at which no job could be taken."""

    def __init__(self, name: str, options: WorkerOptions, clock: Clock) -> None:
        self.name = name
        self.options = options
        self.faults = 0
        self.notice = ""  # a fault that does not keep the worker from taking jobs
        self._told = ""
        self._clock = clock
        self._sweep: Future[orphans.Plan] | None = None

    def tick(self, children: Children, health: Health) -> None:
        """Do what is due."""
        fault = self._fault(children, health)
        if self._clock.is_due("beat", workers.BEAT_EVERY) or fault != self._told:
            self._beat(fault)
        if self._clock.is_due("reap", reap_every(self.options)):
            recovery.reap_expired(backoff=self.options.backoff, lease_seconds=self.options.lease)
        if self._sweep is None and self._clock.is_due("sweep", SWEEP_EVERY):
            # In a thread of its own: a storage with many files is listed for minutes.
            self._sweep = aside(_sweep_alone)
        if self._sweep is not None and self._sweep.done():
            ended, self._sweep = self._sweep, None
            notice = tell(ended.result, health)
            if notice != self.notice:
                self.notice = notice
                self._clock.forget("beat")

    @property
    def sweeps(self) -> bool:
        """Whether files are being searched and deleted, or are about to be."""
        return self._sweep is not None

    def sign_off(self) -> None:
        """Remove the worker from the registry."""
        workers.sign_off(self.name)

    def _fault(self, children: Children, health: Health) -> str:
        """What keeps the worker from taking jobs; empty where nothing does."""
        if health.fault:
            return health.fault
        fault = "" if children.ready() else children.fault
        if fault and fault != self._told:
            logger.error("the children cannot start: %s", fault)
        return fault

    def _beat(self, fault: str) -> None:
        if fault:
            self.faults += 1
        else:
            self.faults = 0
        self._told = fault
        workers.beat(self.name, self.options.processes, fault or self.notice, paused=bool(fault))


def _sweep_alone() -> orphans.Plan:
    try:
        return sweep()
    finally:
        # The thread's own.
        connection.close()
