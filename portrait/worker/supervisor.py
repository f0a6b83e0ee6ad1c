"""The worker: claims jobs, hands them to warm children, keeps the leases, writes the results.

One thread does everything here that touches the database, except the search for old and orphaned files. It computes
nothing and never imports torch.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
from types import FrameType

from django.conf import settings

from portrait.job_log import logged_for
from portrait.models import QUEUES, QueuedWork
from portrait.queue import transitions
from portrait.worker import results
from portrait.worker.guard import Guard
from portrait.worker.health import Health
from portrait.worker.messages import AttemptFailed
from portrait.worker.monitor import RENEW_EVERY, Monitor
from portrait.worker.orders import Job, order_for, take, work_for
from portrait.worker.outcome import outcome_of
from portrait.worker.pool import Children
from portrait.worker.running import PooledAttempt, WorkerOptions
from portrait.worker.upkeep import Clock, Upkeep

# How long the loop sleeps at most; signals and finished children are noticed this soon.
TICK = 0.1
# With --drain the caller waits for the end: give up when the children cannot start this many times.
DRAIN_FAULTS = 3

logger = logging.getLogger(__name__)


class Worker:
    """``run`` returns when the queue is drained (``options.drain``) or after :meth:`stop`."""

    def __init__(self, options: WorkerOptions) -> None:
        self.options = options
        self.name = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(2)}"
        self.monitor = Monitor(options)
        self._wake = threading.Event()
        self._stops = 0
        self._give_up_at = 0.0
        self._clock = Clock()
        self._upkeep = Upkeep(self.name, options, self._clock)
        self._guarded = Guard().run
        self._children: Children
        self._health: Health

    def stop(self, signum: int = 0, frame: FrameType | None = None) -> None:
        """Claim no more, and end after ``grace`` seconds at the latest; the second time: at once.

        A signal handler. It only sets a number, because it may interrupt the loop anywhere.
        """
        self._stops += 1

    def run(self) -> int:
        """Work until stopped or drained. 0, or 1 when the children cannot start and ``drain`` was asked for."""
        before = {number: signal.signal(number, self.stop) for number in (signal.SIGTERM, signal.SIGINT)}
        logger.info("worker %s: %s children, %s threads each", self.name, *self._sizes())
        # Only now: from its first file on, whatever ends the worker has to pass the cleaning below.
        self._children = Children(
            self.options.processes,
            threads=self.options.threads,
            loader=self.options.loader,
            options=self.options.options,
            logging=settings.LOGGING,
        )
        self._health = Health(self._children.scratch, self.options.options, self.options.first_pause)
        try:
            while not self._finished():
                self._guarded(self._tick)
                self._wake.wait(TICK)
                self._wake.clear()
            return 1 if self.options.drain and self._upkeep.faults >= DRAIN_FAULTS else 0
        finally:
            self._guarded(self._settle_finished)
            # The children first, so that none computes for a job that has been given back.
            self._children.stop()
            for attempt in self.monitor.attempts:
                self._guarded(transitions.give_back, attempt.job)
            self._guarded(self._upkeep.sign_off)
            self._children.close()
            for number, handler in before.items():
                signal.signal(number, handler)
            logger.info("worker %s: stopped", self.name)

    def _sizes(self) -> tuple[int, int]:
        return self.options.processes, self.options.threads

    def _finished(self) -> bool:
        now = time.monotonic()
        if self._stops:
            if not self._give_up_at:
                self._give_up_at = now + self.options.grace
                logger.info("worker %s: stopping, %s jobs to finish", self.name, len(self.monitor.attempts))
            return not self.monitor.attempts or self._stops > 1 or now >= self._give_up_at
        return self.options.drain and (
            self._upkeep.faults >= DRAIN_FAULTS or bool(self._guarded(self._drained))
        )

    def _drained(self) -> bool:
        if (
            self.monitor.attempts
            or self._upkeep.sweeps
            or not self._clock.is_due("drained", self.options.poll)
        ):
            return False
        waiting = QueuedWork.State.QUEUED
        return not any(model._default_manager.filter(state=waiting).exists() for model in QUEUES)

    def _tick(self) -> None:
        self._children.tend()
        self._settle_finished()
        self.monitor.show_stills()
        if self._clock.is_due("renew", min(RENEW_EVERY, self.options.lease / 3)):
            self.monitor.renew(self._children)
        self.monitor.publish()
        self._upkeep.tick(self._children, self._health)
        if not self._stops and self._health.allows_jobs():
            self._claim()

    # --- taking jobs ---------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        """Claim as many jobs as there are idle children; the others stay in the database, for any worker to claim."""
        while self._children.ready() > len(self.monitor.attempts) and not self._health.fault:
            if not self._clock.is_due("claim", self.options.poll):
                return
            job = take(self.name, self.options)
            if job is None:
                return
            # Where there was one there may be more.
            self._clock.forget("claim")
            with logged_for(job):
                try:
                    self._start(job)
                except Exception:
                    transitions.give_back(job)
                    raise

    def _start(self, job: Job) -> None:
        order = order_for(
            job, self._children.new_folder, self.options, lambda call: self.monitor.meanwhile(call, job)
        )
        if isinstance(order, AttemptFailed):
            results.end_unbegun(job, order, self.options, self._health)
            return
        task, deadline = work_for(job, self.options)
        # Before the child can write a line of it.
        logger.info("%s: attempt %s begins", job.label, job.attempts)
        future = self._children.submit(task, order, deadline)
        future.add_done_callback(lambda _: self._wake.set())
        self.monitor.attempts.append(PooledAttempt(job, order, deadline, future=future))

    # --- ending attempts -----------------------------------------------------------------------------------------

    def _settle_finished(self) -> None:
        for attempt in [attempt for attempt in self.monitor.attempts if attempt.future.done()]:
            with logged_for(attempt.job):
                self._settle(attempt)

    def _settle(self, attempt: PooledAttempt) -> None:
        # Where it was cancelled the row is not ours any more, whatever it answered.
        if attempt.cancelled is None:
            # A database that is away leaves the attempt in the list for the next round.
            outcome = outcome_of(attempt, stopping=bool(self._stops))
            results.end(attempt, outcome, self.options, self._health, self.monitor.meanwhile)
        self.monitor.drop(attempt)
