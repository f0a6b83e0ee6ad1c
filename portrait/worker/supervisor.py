"""The worker: claims jobs, hands them to warm children, keeps the leases, writes what came of it.

One thread does everything here that touches the database. It computes nothing and never imports torch.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from pebble import ProcessExpired

from common.storage import NotStoredError, media_storage
from portrait import file_names
from portrait.engine.output.formats import FORMATS
from portrait.models import PortraitJob
from portrait.queue import leases, retention, transitions, workers
from portrait.queue.transitions import Results
from portrait.worker.child import TaskDone, TaskFailed, TaskOrder
from portrait.worker.pool import Children, Seen, alive, forget, seen

# How long the loop sleeps at most; signals and finished children are noticed this soon.
TICK = 0.1
RENEW_EVERY = 1.0
REAP_EVERY = 5.0
SWEEP_EVERY = 3600.0
# A pool that has not begun a job after this long, or not ended one this long after its deadline, is stuck.
STUCK_AFTER = 60.0
# pebble looks for dead children ten times a second.
HEADLESS_AFTER = 3.0
# With --drain somebody waits for the end: give up when the children cannot start this many times.
DRAIN_FAULTS = 3

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerOptions:
    """All times in seconds. ``task`` and ``loader`` are dotted paths, see ``portrait.worker.child``."""

    processes: int = 1
    threads: int = 1
    poll: float = 0.5
    grace: float = 20.0
    drain: bool = False
    deadline: float = 300.0
    lease: float = leases.LEASE_SECONDS
    backoff: Sequence[float] = transitions.BACKOFF
    task: str = "portrait.worker.child.make_portrait"
    loader: str = "portrait.worker.child.load_engine"
    options: Any = None


@dataclass
class Attempt:
    """One job in the hands of one child."""

    job: PortraitJob
    order: TaskOrder
    future: Any  # pebble.ProcessFuture of TaskDone or TaskFailed
    submitted: float = field(default_factory=time.monotonic)
    begun: float | None = None
    dead_since: float | None = None  # when its child was first seen to be dead
    names: dict[str, str] = field(default_factory=dict)  # of files written but not yet committed


class _GiveBack(Exception):
    """The attempt ended through no fault of the job."""


class Worker:
    """``run`` returns when the queue is drained (``options.drain``) or after :meth:`stop`."""

    def __init__(self, options: WorkerOptions) -> None:
        self.options = options
        self.name = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(2)}"
        self.attempts: list[Attempt] = []
        self._wake = threading.Event()
        self._stops = 0
        self._give_up_at = 0.0
        self._due: dict[str, float] = {}
        self._faults = 0
        self._pause = 0.0
        self._children: Children

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
        try:
            while not self._finished():
                self._guarded(self._tick)
                self._wake.wait(TICK)
                self._wake.clear()
            return 1 if self.options.drain and self._faults >= DRAIN_FAULTS else 0
        finally:
            self._guarded(self._settle_finished)
            # The children first: nobody computes for a job that has been given back.
            self._children.stop()
            for attempt in self.attempts:
                self._guarded(leases.give_back, attempt.job)
            self._guarded(workers.unregister, self.name)
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
                logger.info("worker %s: stopping, %s jobs to finish", self.name, len(self.attempts))
            return not self.attempts or self._stops > 1 or now >= self._give_up_at
        return self.options.drain and (self._faults >= DRAIN_FAULTS or bool(self._guarded(self._drained)))

    def _drained(self) -> bool:
        if self.attempts or not self._is_due("drained", self.options.poll):
            return False
        return not PortraitJob.objects.filter(state=PortraitJob.State.QUEUED).exists()

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
                logger.exception("the worker stumbled; next try in %.1f s", self._pause)
            time.sleep(self._pause)
            return None
        self._pause = 0.0
        return result

    def _tick(self) -> None:
        self._children.tend()
        self._settle_finished()
        self._renew()
        self._keep_house()
        if not self._stops:
            self._claim()

    # --- taking jobs ---------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        """Claim as many jobs as there are idle children; all others stay in the database, where anybody sees them."""
        while self._children.ready() > len(self.attempts):
            if not self._is_due("claim", self.options.poll):
                return
            job = leases.claim(self.name, lease_seconds=self.options.lease)
            if job is None:
                return
            # Where there was one there may be more.
            self._due.pop("claim")
            try:
                self._start(job)
            except Exception:
                leases.give_back(job)
                raise

    def _start(self, job: PortraitJob) -> None:
        """Hand the job to a child. The photo is copied to its folder, so that children need no storage."""
        try:
            data = media_storage().read(str(job.photo.name))
        except NotStoredError:
            transitions.fail(job, "photo_missing", final=True)
            return
        except OSError as error:
            logger.error("job %s: cannot read the photo: %s", job.pk, error)
            transitions.fail(job, "storage_unavailable", backoff=self.options.backoff)
            return
        folder = self._children.new_folder()
        photo = folder / "photo.jpg"
        photo.write_bytes(data)
        order = TaskOrder(
            job=job.pk,
            photo=str(photo),
            request=job.request,
            face=job.face,
            folder=str(folder),
            options=self.options.options,
        )
        future = self._children.submit(self.options.task, order, self.options.deadline)
        future.add_done_callback(lambda _: self._wake.set())
        self.attempts.append(Attempt(job, order, future))
        logger.info("job %s: attempt %s begins", job.pk, job.attempts)

    # --- while they run ------------------------------------------------------------------------------------------

    def _renew(self) -> None:
        if not self._is_due("renew", min(RENEW_EVERY, self.options.lease / 3)):
            return
        for attempt in list(self.attempts):
            if attempt.future.done():
                continue
            said = seen(attempt.order)
            if said and attempt.begun is None:
                attempt.begun = time.monotonic()
            held = leases.renew(
                attempt.job,
                stage=said.stage if said else "",
                progress=said.progress if said else 0.0,
                lease_seconds=self.options.lease,
            )
            if not held:
                # Cancelled by the student, deleted with the account, or given to another worker.
                logger.info("job %s is not ours any more", attempt.job.pk)
                attempt.future.cancel()
                self._drop(attempt)
            elif self._is_stuck(attempt):
                self._break(attempt)
            elif self._is_headless(attempt, said):
                logger.info("job %s: its child is gone", attempt.job.pk)
                attempt.future.cancel()
                transitions.fail(
                    attempt.job, "child_killed", "the process ended", backoff=self.options.backoff
                )
                self._drop(attempt)

    def _is_stuck(self, attempt: Attempt) -> bool:
        now = time.monotonic()
        if attempt.begun is None:
            return self._children.ready() > 0 and now - attempt.submitted > STUCK_AFTER
        return now - attempt.begun > self.options.deadline + STUCK_AFTER

    def _break(self, stuck: Attempt) -> None:
        """Kill all children of a pool that moves no more; ``tend`` starts new ones."""
        logger.error("job %s: the pool is stuck", stuck.job.pk)
        self._children.stop()
        for attempt in self.attempts:
            attempt.future.cancel()  # and with that they are given back
        if stuck.begun is not None:
            transitions.fail(stuck.job, "deadline_exceeded", backoff=self.options.backoff)
            self._drop(stuck)

    def _is_headless(self, attempt: Attempt, said: Seen | None) -> bool:
        """The child is dead and pebble has not noticed: one that exits with code 0 in the middle of a job, say."""
        if said is None or alive(said.pid):
            return False
        attempt.dead_since = attempt.dead_since or time.monotonic()
        return time.monotonic() - attempt.dead_since > HEADLESS_AFTER

    # --- what came of them ---------------------------------------------------------------------------------------

    def _settle_finished(self) -> None:
        for attempt in [attempt for attempt in self.attempts if attempt.future.done()]:
            try:
                self._settle(attempt)
            except (OperationalError, InterfaceError):
                raise  # the attempt stays in the list for the next round
            except Exception:
                logger.exception("job %s: cannot be finished", attempt.job.pk)
                media_storage().delete(attempt.names.values())
                attempt.names = {}
                transitions.fail(attempt.job, "internal_error", backoff=self.options.backoff)
            self._drop(attempt)

    def _settle(self, attempt: Attempt) -> None:
        """Write the result of an attempt whose child has ended, into the media folder and then into the row."""
        job = attempt.job
        try:
            outcome = self._outcome(attempt)
        except _GiveBack:
            leases.give_back(job)
            logger.info("job %s: given back", job.pk)
            return
        if isinstance(outcome, TaskDone):
            try:
                self._store(attempt, outcome)
            except OSError as error:
                logger.error("job %s: cannot store the result: %s", job.pk, error)
                outcome = TaskFailed("storage_unavailable")
            else:
                self._finish(attempt, outcome)
                return
        if outcome.log:
            logger.error("job %s: %s\n%s", job.pk, outcome.code, outcome.log)
        transitions.fail(job, outcome.code, outcome.detail, final=outcome.final, backoff=self.options.backoff)
        logger.info("job %s: attempt %s failed: %s %s", job.pk, job.attempts, outcome.code, outcome.detail)

    def _outcome(self, attempt: Attempt) -> TaskDone | TaskFailed:
        try:
            outcome: TaskDone | TaskFailed = attempt.future.result(timeout=0)
            return outcome
        except TimeoutError:
            return TaskFailed("deadline_exceeded", f"not done after {self.options.deadline:g} seconds")
        except ProcessExpired as error:
            if self._stops:
                # A service manager signals the whole group: the child was told to end, the job did not kill it.
                raise _GiveBack from error
            return TaskFailed("child_killed", f"the process ended with exit code {error.exitcode}")
        except CancelledError as error:
            raise _GiveBack from error
        except Exception as error:
            # The pool broke. If this very job's child is dead, it was the job; else the job is a bystander.
            said = seen(attempt.order)
            if said and not alive(said.pid) and not self._stops:
                return TaskFailed("child_killed", f"the process ended ({error})")
            raise _GiveBack from error

    def _store(self, attempt: Attempt, done: TaskDone) -> None:
        if attempt.names:
            return  # written before the database went away
        names = {}
        try:
            for row in FORMATS:
                data = (Path(attempt.order.folder) / done.files[row.name]).read_bytes()
                names[row.name] = file_names.result_name(attempt.job.key, attempt.job.lease, row.suffix)
                media_storage().write(names[row.name], data)
        except BaseException:
            media_storage().delete(names.values())
            raise
        attempt.names = names

    def _finish(self, attempt: Attempt, done: TaskDone) -> None:
        job = attempt.job
        if transitions.finish(job, Results(attempt.names, done.request, done.timings)):
            logger.info("job %s: succeeded in attempt %s", job.pk, job.attempts)
        else:
            # Somebody else has the job, or nobody wants it any more.
            media_storage().delete(attempt.names.values())
            logger.info("job %s: finished too late, the result is dropped", job.pk)

    def _drop(self, attempt: Attempt) -> None:
        self.attempts.remove(attempt)
        forget(attempt.order)

    # --- the house -----------------------------------------------------------------------------------------------

    def _keep_house(self) -> None:
        if self._is_due("beat", workers.HEARTBEAT_EVERY):
            fault = self._children.fault
            if fault and not self._children.ready():
                self._faults += 1
                logger.error("the children cannot start: %s", fault)
            else:
                self._faults = 0
            workers.heartbeat(self.name, self.options.processes, fault)
        if self._is_due("reap", min(REAP_EVERY, self.options.lease / 2)):
            leases.reap_expired(backoff=self.options.backoff)
        if self._is_due("sweep", SWEEP_EVERY):
            retention.forget_photos(retention.photo_limit())
            swept = retention.sweep()
            if swept:
                logger.info("removed %s files that no job names", swept)

    def _is_due(self, what: str, every: float) -> bool:
        """True at most once in ``every`` seconds for each ``what``."""
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every
        return True
