"""The second thread of a child: it keeps the lease, shows progress and still, and stops what must not go on."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time

from portrait.models import PortraitJob
from portrait.queue import delivery, recovery, transitions, workers
from portrait.queue.clock import database_now
from portrait.worker import results
from portrait.worker.distributed.child import Child, KeptAttempt, Verdict, sign_off
from portrait.worker.distributed.family import Family
from portrait.worker.guard import Guard
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
                results.show_still(attempt)
        if attempt.verdict is not None:
            if not attempt.verdict_written:
                self.child.conclude(attempt)
            self._end_if_deaf(attempt)
            return
        if self._clock.is_due("renew", min(RENEW_EVERY, self.options.lease / 3)):
            report = report_of(attempt.order)
            held = transitions.renew(
                attempt.job,
                stage=report.stage if report else "",
                progress=report.progress if report else 0.0,
                lease_seconds=self.options.lease,
            )
            if not held:
                # Cancelled by the student, deleted with the account, or given to another worker.
                self._stop(attempt, Verdict.LOST)
        assert attempt.begun is not None
        now = time.monotonic()
        since = self.child.stopping_since
        if now - attempt.begun > self.options.deadline:
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
        logger.info("job %s: the attempt is stopped (%s)", attempt.job.pk, verdict.name.lower())
        try:
            attempt.order.cancel_file.touch()
        except OSError:
            attempt.cancelled -= self.options.cancel
        self.child.conclude(attempt)

    def _end_if_deaf(self, attempt: KeptAttempt) -> None:
        assert attempt.cancelled is not None
        if not attempt.ended and time.monotonic() - attempt.cancelled > self.options.cancel:
            logger.warning("job %s: the attempt does not stop, the process is killed", attempt.job.pk)
            results.discard_still(attempt)
            os.kill(os.getpid(), signal.SIGKILL)

    # --- a worker that hears nothing -----------------------------------------------------------------------------

    def _listen(self) -> None:
        """Restart a worker that receives no messages although some wait at the broker, as after a lost connection."""
        if self._restarting or not self._jobs_wait():
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

    def _jobs_wait(self) -> bool:
        return PortraitJob.objects.filter(
            state=PortraitJob.State.QUEUED, not_before__lte=database_now()
        ).exists()
