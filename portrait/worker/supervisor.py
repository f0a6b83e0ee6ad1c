"""The worker: claims jobs, hands them to warm children, keeps the leases, writes the results.

One thread does everything here that touches the database. It computes nothing and never imports torch.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import signal
import socket
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from common.storage import media
from portrait import own_styles
from portrait.engine.request import PERFORMED
from portrait.models import QUEUES, Errand, OwnPainting, PortraitJob, QueuedWork
from portrait.queue import errands, transitions
from portrait.worker import errand_orders, fitting, results
from portrait.worker.faults import is_the_machines
from portrait.worker.health import Health
from portrait.worker.messages import AttemptFailed, AttemptOrder, ErrandOrder, FitOrder
from portrait.worker.monitor import Monitor
from portrait.worker.pool import Children
from portrait.worker.running import RunningAttempt, WorkerOptions
from portrait.worker.upkeep import Clock, Upkeep

# How long the loop sleeps at most; signals and finished children are noticed this soon.
TICK = 0.1
RENEW_EVERY = 1.0
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
        self._pause = 0.0
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
        if self.monitor.attempts or not self._clock.is_due("drained", self.options.poll):
            return False
        waiting = QueuedWork.State.QUEUED
        return not any(model._default_manager.filter(state=waiting).exists() for model in QUEUES)

    def _guarded(self, step: Any, *args: Any) -> Any:
        """Run a step; whatever goes wrong, the state is kept and the step is tried again after a pause."""
        try:
            result = step(*args)
        except Exception as error:
            self._pause = min(10.0, self._pause * 2 or 0.2)
            if isinstance(error, OperationalError | InterfaceError):
                logger.warning("the database does not answer (%s); next try in %.1f s", error, self._pause)
                with contextlib.suppress(DatabaseError, InterfaceError):
                    connection.close()
            else:
                logger.exception("a step of the worker failed; next try in %.1f s", self._pause)
            time.sleep(self._pause)
            return None
        self._pause = 0.0
        return result

    def _tick(self) -> None:
        self._children.tend()
        self._settle_finished()
        self.monitor.show_stills()
        if self._clock.is_due("renew", min(RENEW_EVERY, self.options.lease / 3)):
            self.monitor.renew(self._children)
        self._upkeep.tick(self._children, self._health)
        if not self._stops and self._health.allows_jobs():
            self._claim()

    # --- taking jobs ---------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        """Claim as many jobs as there are idle children; the others stay in the database, for any worker to claim."""
        while self._children.ready() > len(self.monitor.attempts) and not self._health.fault:
            if not self._clock.is_due("claim", self.options.poll):
                return
            job = self._next()
            if job is None:
                return
            # Where there was one there may be more.
            self._clock.forget("claim")
            try:
                self._start(job)
            except Exception:
                transitions.give_back(job)
                raise

    def _next(self) -> PortraitJob | OwnPainting | Errand | None:
        """A claimed job: an errand, which takes seconds, the next portrait, or, where none waits, a painting.

        Of the paintings one at a time is enough.
        """
        lease = self.options.lease
        errand = transitions.claim_next(Errand, self.name, lease_seconds=lease)
        job = errand or transitions.claim(self.name, lease_seconds=lease)
        if job is not None or any(isinstance(attempt.job, OwnPainting) for attempt in self.monitor.attempts):
            return job
        return transitions.claim_next(OwnPainting, self.name, lease_seconds=lease)

    def _start(self, job: PortraitJob | OwnPainting | Errand) -> None:
        if isinstance(job, OwnPainting):
            self._begin(job, self.options.fit_task, self.options.fit_deadline)
            return
        # Through the storage, so that workers need no disk in common.
        try:
            data = (
                errand_orders.source_of(job) if isinstance(job, Errand) else media().read(str(job.photo.name))
            )
        except FileNotFoundError:
            self._end(job, AttemptFailed("photo_missing", final=True))
            return
        except OSError as error:
            # Not given back, unless the machine is at fault: it would be claimed first again and hold up all others.
            logger.error("%s: cannot read the photo: %s", job.label, error)
            self._end(job, AttemptFailed("storage_unavailable", machine=is_the_machines(error)))
            return
        if isinstance(job, Errand):
            self._begin(job, self.options.errand_task, self.options.errand_deadline, data)
        else:
            self._begin(job, self.options.task, self.options.deadline, data)

    def _begin(
        self, job: PortraitJob | OwnPainting | Errand, task: str, deadline: float, source: bytes = b""
    ) -> None:
        """Hand the job to a child, with all that it needs in a folder of its own."""
        try:
            folder = self._children.new_folder()
        except OSError as error:
            self._end(job, AttemptFailed("storage_unavailable", str(error), machine=True))
            return
        order: AttemptOrder | FitOrder | ErrandOrder
        try:
            if isinstance(job, OwnPainting):
                order = fitting.order_of(job, folder, self.options)
            elif isinstance(job, Errand):
                order = errand_orders.order_of(job, folder, source, self.options)
            else:
                order = self._order_of(job, folder, source)
        except OSError as error:
            self._end(job, AttemptFailed("storage_unavailable", str(error), machine=True))
            shutil.rmtree(folder, ignore_errors=True)
            return
        future = self._children.submit(task, order, deadline)
        future.add_done_callback(lambda _: self._wake.set())
        self.monitor.attempts.append(RunningAttempt(job, order, future, deadline))
        logger.info("%s: attempt %s begins", job.label, job.attempts)

    def _order_of(self, job: PortraitJob, folder: Path, photo: bytes) -> AttemptOrder:
        """Write photo and own style into the folder. Raises OSError."""
        (folder / "photo.jpg").write_bytes(photo)
        style = own_styles.packed(job.style) if job.style else None
        if style is not None:
            (folder / "own.style").write_bytes(style)
        motion = errands.performed(job.student_id) if job.motion == PERFORMED else None
        if motion is not None:
            (folder / "own.npz").write_bytes(motion)
        return AttemptOrder(
            job=job.pk,
            photo=str(folder / "photo.jpg"),
            request=job.request,
            face=job.face,
            folder=str(folder),
            options=self.options.options,
            look=job.look,
            own_style="" if style is None else str(folder / "own.style"),
            own_motion="" if motion is None else str(folder / "own.npz"),
        )

    def _end(self, job: QueuedWork, end: AttemptFailed) -> None:
        """End an attempt that has not begun."""
        if self._health.is_to_blame(end):
            transitions.give_back(job)
        else:
            transitions.fail(job, end.code, end.detail, final=end.final, backoff=self.options.backoff)

    # --- ending attempts -----------------------------------------------------------------------------------------

    def _settle_finished(self) -> None:
        for attempt in [attempt for attempt in self.monitor.attempts if attempt.future.done()]:
            if attempt.cancelled is not None:
                # Whatever it answered: the row is not ours any more.
                self.monitor.drop(attempt)
                continue
            try:
                results.settle(attempt, self.options, self._health, stopping=bool(self._stops))
            except (OperationalError, InterfaceError):
                raise  # the attempt stays in the list for the next round
            except Exception:
                logger.exception("%s: cannot be finished", attempt.job.label)
                results.discard(attempt)
                transitions.fail(attempt.job, "internal_error", backoff=self.options.backoff)
            self.monitor.drop(attempt)
