"""A prefork child of the Celery worker: weights in memory, and at most one attempt at a time.

The main thread computes and writes the end of an attempt. The keeper's thread does the rest meanwhile
(:mod:`portrait.worker.distributed.keeper`).
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from dataclasses import dataclass
from enum import Enum, auto
from types import FrameType
from typing import Any

from django.db import close_old_connections

from portrait.job_log import logged_for
from portrait.queue import recovery, workers
from portrait.worker import results
from portrait.worker.aside import at_once
from portrait.worker.attempt import resolve, run
from portrait.worker.child import one_line, set_up_process
from portrait.worker.guard import Guard
from portrait.worker.health import Health
from portrait.worker.messages import AttemptFailed, deadline_exceeded
from portrait.worker.orders import Job, order_for, take, work_for
from portrait.worker.pids import is_alive
from portrait.worker.running import RunningAttempt, WorkerOptions
from portrait.worker.scratch import Scratch, remove_folder

# Seconds between two looks of a child that holds a message.
HOLD_STEP = 0.2

logger = logging.getLogger(__name__)


class Verdict(Enum):
    """Why an attempt was stopped."""

    LOST = auto()  # the row is not ours any more
    DEADLINE = auto()
    STOPPING = auto()  # the worker ends


@dataclass
class KeptAttempt(RunningAttempt):
    """``ended``: the main thread writes the end. Changed under the child's lock, as is ``verdict``."""

    ended: bool = False
    verdict: Verdict | None = None
    verdict_written: bool = False


class GiveBackMessage(Exception):
    """The message is not for this worker now: the broker gives it to another."""


class Child:
    """The state of this process. ``family`` ends the names of all children of one worker."""

    def __init__(self, options: WorkerOptions, family: str) -> None:
        self.options = options
        self.family = family
        self.name = f"{socket.gethostname()[:60]}:{os.getpid()}:{family}"
        self.scratch = Scratch()
        set_up_process(str(self.scratch.path), options.threads)
        self.health = Health(self.scratch.path, options.options, options.first_pause)
        self.lock = threading.Lock()
        self.attempt: KeptAttempt | None = None
        self.busy = False  # with a message, also while no job can be taken
        self.idle_since = time.monotonic()
        self.stopping_since: float | None = None
        self.told_to_end = False
        self._loaded = False
        self._guard = Guard()

    def load(self) -> None:
        """Load the weights. A failure is told in the register of workers, and tried again with growing pauses."""
        try:
            resolve(self.options.loader)(self.options.options)
        except Exception as error:
            logger.exception("the weights cannot be loaded")
            self.health.blame(one_line(error))
        else:
            self._loaded = True

    def stop(self, signum: int = 0, frame: FrameType | None = None) -> None:
        """End soon; an attempt in work is given back. A signal handler: the keeper acts on it."""
        self.told_to_end = True

    def work(self, *, redelivered: bool) -> None:
        """Take the job whose turn it is, make it, and write its end. Raises GiveBackMessage.

        ``redelivered``: the message was another child's, which may have died.
        """
        close_old_connections()
        self.busy = True
        # Celery's pool sets its own handlers after the child's start; an idle child may end by them.
        handler = signal.signal(signal.SIGTERM, self.stop)
        try:
            job = self._take(redelivered)
            if job is not None:
                with logged_for(job):
                    self._make(job)
        finally:
            signal.signal(signal.SIGTERM, handler)
            self.busy, self.idle_since = False, time.monotonic()

    def conclude(self, attempt: KeptAttempt) -> None:
        """Write the end of a stopped attempt. Raises OperationalError and InterfaceError."""
        if attempt.verdict is Verdict.DEADLINE:
            results.end(attempt, deadline_exceeded(attempt.deadline), self.options, self.health, at_once)
        elif attempt.verdict is Verdict.STOPPING:
            results.end(attempt, None, self.options, self.health, at_once)
        attempt.verdict_written = True

    def is_relative_alive(self, name: str) -> bool:
        """Whether the child of the same worker with that name runs."""
        pid = name.removesuffix(self.family).rstrip(":").rpartition(":")[2]
        return not pid.isdecimal() or is_alive(int(pid))

    @property
    def stopping(self) -> bool:
        return self.told_to_end or self.stopping_since is not None

    # --- taking a job --------------------------------------------------------------------------------------------

    def _take(self, redelivered: bool) -> Job | None:
        end = time.monotonic() + self.options.hold
        while True:
            if self.stopping or time.monotonic() > end:
                raise GiveBackMessage
            if self._is_ready():
                job = self._guard.run(self._claim, redelivered)
                if not self._guard.failed:
                    return job
            else:
                time.sleep(HOLD_STEP)

    def _is_ready(self) -> bool:
        if not self.health.allows_jobs():
            return False
        if not self._loaded:
            self.load()
        return self._loaded

    def _claim(self, redelivered: bool) -> Job | None:
        if redelivered:
            recovery.reap_dead(self.family, self.is_relative_alive, backoff=self.options.backoff)
        return take(self.name, self.options)

    # --- making it -----------------------------------------------------------------------------------------------

    def _make(self, job: Job) -> None:
        logger.info("%s: attempt %s begins", job.label, job.attempts)
        self.scratch.mend()
        order = order_for(job, self.scratch.new_folder, self.options, at_once)
        if isinstance(order, AttemptFailed):
            self._persist(results.end_unbegun, job, order, self.options, self.health)
            return
        task, deadline = work_for(job, self.options)
        attempt = self.attempt = KeptAttempt(job, order, deadline, begun=time.monotonic())
        try:
            outcome = run(task, order)
            with self.lock:
                attempt.ended = True
            if attempt.verdict is None:
                # Whatever it answered would be too late where the keeper has decided.
                self._persist(results.end, attempt, outcome, self.options, self.health, at_once)
            elif not attempt.verdict_written:
                self._persist(self.conclude, attempt)
        finally:
            self.attempt = None
            results.discard_still(attempt)
            remove_folder(order)
        if attempt.verdict is Verdict.STOPPING:
            raise GiveBackMessage

    def _persist(self, step: Any, *args: Any) -> None:
        """Until the database has taken it. The keeper renews the lease meanwhile; Celery's time limit is the end."""
        while True:
            self._guard.run(step, *args)
            if not self._guard.failed:
                return


def start(options: WorkerOptions, family: str) -> Child:
    """Make this process a child."""
    child = Child(options, family)
    child.load()
    return child


def sign_off(child: Child) -> None:
    """Remove the child from the register and its files."""
    workers.sign_off(child.name)
    child.scratch.close()
