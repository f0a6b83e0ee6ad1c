"""Watching the attempts that run: leases are renewed, lost jobs dropped, dead children and stuck pools ended."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import wait
from typing import TypeVar

from django.db import InterfaceError, OperationalError

from portrait.job_log import logged_for
from portrait.models import QueuedWork
from portrait.queue import transitions
from portrait.worker import news, results
from portrait.worker.aside import aside
from portrait.worker.messages import cancel_file
from portrait.worker.pids import is_alive
from portrait.worker.pool import Children
from portrait.worker.running import PooledAttempt, WorkerOptions
from portrait.worker.scratch import ChildReport, remove_folder, report_of

# A pool that has not begun a job after this long, or not ended one this long after its deadline, is stuck.
STUCK_AFTER = 60.0
# Seconds from the first sight of a dead child; pebble looks for dead children ten times a second.
DEAD_CHILD_AFTER = 3.0

# Seconds between two renewals of a lease.
RENEW_EVERY = 1.0

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Monitor:
    """The attempts in hand and what is done about them while they run."""

    def __init__(self, options: WorkerOptions) -> None:
        self.options = options
        self.attempts: list[PooledAttempt] = []

    def meanwhile(self, call: Callable[[], T], *others: QueuedWork) -> T:
        """What ``call`` returns or raises: a call to the storage, which may take longer than a lease lasts.

        It runs in a thread of its own, without the database, while the leases of all attempts and of ``others`` are
        renewed.
        """
        future = aside(call)
        while not wait([future], min(RENEW_EVERY, self.options.lease / 3)).done:
            # The call cannot be taken back; whether a lease was lost, the write after it tells.
            with contextlib.suppress(OperationalError, InterfaceError):
                for job in (*(attempt.job for attempt in self.attempts), *others):
                    transitions.keep(job, lease_seconds=self.options.lease)
        return future.result()

    def show_stills(self) -> None:
        """Announce what the children have so far: readings of the picture, and painted stills."""
        for attempt in self.attempts:
            with logged_for(attempt.job):
                results.keep_readings(attempt)
                results.show_still(attempt, self.meanwhile)

    def publish(self) -> None:
        """Write the children's news soon, for the students who watch; what else follows is left to the renewal."""
        for attempt in self.attempts:
            if not attempt.future.done() and attempt.cancelled is None:
                news.publish(attempt, self.options.lease)

    def renew(self, children: Children) -> None:
        """Renew each lease with what the child reported; end the attempts that cannot succeed any more."""
        for attempt in list(self.attempts):
            if not attempt.future.done():
                with logged_for(attempt.job):
                    self._renew(attempt, children)

    def _renew(self, attempt: PooledAttempt, children: Children) -> None:
        if attempt.cancelled is not None:
            self._end_if_deaf(attempt)
            return
        report = report_of(attempt.order)
        if report and attempt.begun is None:
            attempt.begun = time.monotonic()
        if not news.tell(attempt, report, self.options.lease):
            # Cancelled by the student, deleted with the account, or given to another worker.
            logger.info("%s is not ours any more", attempt.job.label)
            self._cancel(attempt)
        elif self._is_stuck(attempt, children):
            self._restart_pool(attempt, children)
        elif self._lost_child(attempt, report):
            logger.info("%s: its child is gone", attempt.job.label)
            attempt.future.cancel()
            transitions.fail(attempt.job, "child_killed", "the process ended", backoff=self.options.backoff)
            self.drop(attempt)

    def drop(self, attempt: PooledAttempt) -> None:
        """Forget an attempt that has ended, and remove its folder. Its row has another state, or another lease."""
        self.attempts.remove(attempt)
        results.discard_still(attempt)
        remove_folder(attempt.order)

    def _cancel(self, attempt: PooledAttempt) -> None:
        """Tell the child to stop. It stays warm for the next job; until it has stopped it counts as busy."""
        attempt.cancelled = time.monotonic()
        try:
            cancel_file(attempt.order).touch()
        except OSError:
            self._kill(attempt)

    def _end_if_deaf(self, attempt: PooledAttempt) -> None:
        assert attempt.cancelled is not None
        if time.monotonic() - attempt.cancelled > self.options.cancel:
            logger.warning("%s: its child does not stop and is killed", attempt.job.label)
            self._kill(attempt)

    def _kill(self, attempt: PooledAttempt) -> None:
        attempt.future.cancel()
        self.drop(attempt)

    def _is_stuck(self, attempt: PooledAttempt, children: Children) -> bool:
        now = time.monotonic()
        if attempt.begun is None:
            return children.ready() > 0 and now - attempt.submitted > STUCK_AFTER
        return now - attempt.begun > attempt.deadline + STUCK_AFTER

    def _restart_pool(self, stuck: PooledAttempt, children: Children) -> None:
        """Kill all children of a pool that makes no progress; ``tend`` starts new ones."""
        logger.error("%s: the pool is stuck", stuck.job.label)
        children.stop()  # which cancels the other attempts; those are given back
        if stuck.begun is not None:
            transitions.fail(stuck.job, "deadline_exceeded", backoff=self.options.backoff)
            self.drop(stuck)

    def _lost_child(self, attempt: PooledAttempt, report: ChildReport | None) -> bool:
        """Whether the child is dead and pebble has not noticed, as when it exits with code 0 during a job."""
        if report is None or is_alive(report.pid):
            return False
        attempt.dead_since = attempt.dead_since or time.monotonic()
        return time.monotonic() - attempt.dead_since > DEAD_CHILD_AFTER
