"""The second thread of a child: it keeps the lease, announces what there is so far, and stops what must not go on."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time

from portrait.job_log import logged_for
from portrait.queue import delivery, recovery, workers
from portrait.worker import news, results
from portrait.worker.aside import at_once
from portrait.worker.distributed.child import Child, KeptAttempt, Verdict, sign_off
from portrait.worker.distributed.family import Family
from portrait.worker.guard import Guard
from portrait.worker.messages import cancel_file
from portrait.worker.scratch import report_of
from portrait.worker.upkeep import Clock, reap_every

TICK = 0.1
RENEW_EVERY = 1.0
# Seconds between two looks of an idle child at the broker, and how long messages may wait there for this worker.
LISTEN_EVERY = 10.0
SILENT_AFTER = 60.0

logger = logging.getLogger(__name__)


class Keeper:
    """Watches one child until its process ends."""

    def __init__(self, child: Child, family: Family, *, silent_after: float = SILENT_AFTER) -> None:
        self.child = child
        self.options = child.options
        self.family = family
        self.silent_after = silent_after
        self._clock = Clock()
        self._guard = Guard()
        self._told = ""
        self._unheard_since: float | None = None
        self._restarting = False

    def start(self) -> None:
        threading.Thread(target=self._run, name="keeper", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._guard.run(self._step)
            time.sleep(TICK)

    def _step(self) -> None:
        child = self.child
        if child.stopping_since is None and self.family.is_stopping():
            child.stopping_since = time.monotonic()
        if (attempt := child.attempt) is not None:
            self._unheard_since = None
            with logged_for(attempt.job):
                self._keep(attempt)
        elif child.told_to_end and not child.busy:
            sign_off(child)
            # The main thread waits for the next message in a system call.
            os._exit(0)
        elif (
            not child.busy
            and not child.stopping
            and self._clock.is_due("listen", min(LISTEN_EVERY, self.silent_after / 3))
        ):
            self._listen()
        fault = child.health.fault
        if self._clock.is_due("beat", workers.BEAT_EVERY) or fault != self._told:
            workers.beat(child.name, 1, fault, paused=bool(fault))
            self._told = fault
        if self._clock.is_due("reap", reap_every(self.options)):
            recovery.reap_dead(child.family, child.is_relative_alive, backoff=self.options.backoff)

    # --- an attempt in work --------------------------------------------------------------------------------------

    def _keep(self, attempt: KeptAttempt) -> None:
        with self.child.lock:
            if not attempt.ended:
                results.keep_readings(attempt)
                results.show_still(attempt, at_once)
        if attempt.verdict is not None:
            if not attempt.verdict_written:
                self.child.conclude(attempt)
            self._end_if_deaf(attempt)
            return
        if self._clock.is_due("renew", min(RENEW_EVERY, self.options.lease / 3)):
            if not news.tell(attempt, report_of(attempt.order), self.options.lease):
                # Cancelled by the student, deleted with the account, or given to another worker.
                self._stop(attempt, Verdict.LOST)
        else:
            news.publish(attempt, self.options.lease)
        assert attempt.begun is not None
        now = time.monotonic()
        since = self.child.stopping_since
        if now - attempt.begun > attempt.deadline:
            self._stop(attempt, Verdict.DEADLINE)
        elif self.child.told_to_end or (since is not None and now - since > self.options.grace):
            self._stop(attempt, Verdict.STOPPING)

    def _stop(self, attempt: KeptAttempt, verdict: Verdict) -> None:
        """Decide that the attempt must not go on, unless its main thread already writes the end."""
        with self.child.lock:
            if attempt.ended or attempt.verdict is not None:
                return
            attempt.verdict = verdict
            attempt.cancelled = time.monotonic()
        logger.info("%s: the attempt is stopped (%s)", attempt.job.label, verdict.name.lower())
        try:
            cancel_file(attempt.order).touch()
        except OSError:
            attempt.cancelled -= self.options.cancel
        self.child.conclude(attempt)

    def _end_if_deaf(self, attempt: KeptAttempt) -> None:
        assert attempt.cancelled is not None
        if not attempt.ended and time.monotonic() - attempt.cancelled > self.options.cancel:
            logger.warning("%s: the attempt does not stop, the process is killed", attempt.job.label)
            results.discard_still(attempt)
            os.kill(os.getpid(), signal.SIGKILL)

    # --- a worker that hears nothing -----------------------------------------------------------------------------

    def _listen(self) -> None:
        """Restart a worker that receives no messages although some wait at the broker, as after a lost connection."""
        if self._restarting or not delivery.due():
            self._unheard_since = None
            return
        try:
            messages = delivery.waiting()
        except Exception:
            messages = 0  # the broker is away, which a restart does not mend
        if not messages:
            self._unheard_since = None
            return
        now = time.monotonic()
        if self._unheard_since is None or self._unheard_since < self.child.idle_since:
            self._unheard_since = now
        elif now - self._unheard_since > self.silent_after:
            logger.error("%s messages wait, and this worker receives none; it is started again", messages)
            self._restarting = True
            # Celery starts itself again at SIGHUP, but not where it runs in a terminal.
            os.kill(os.getppid(), signal.SIGTERM if sys.stdout.isatty() else signal.SIGHUP)
