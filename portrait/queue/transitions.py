"""Every change of a job's state: one conditional UPDATE each (compare-and-swap).

An UPDATE is filtered on the state, and for a running job on the lease number, that the caller has seen. If it
changes no row, another process was faster, and the caller has lost nothing but the right to write.

Claims, leases and the ends of attempts are the same for portraits and for the fitting of styles; with a portrait the
student's record changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import F, QuerySet

from common.commits import after_commit
from common.storage import media
from portrait import files
from portrait.engine.request import PortraitRequest
from portrait.models import PortraitJob, QueuedWork, request_columns
from portrait.queue import delivery, projection
from portrait.queue.clock import database_now
from portrait.queue.turns import place_of

State = QueuedWork.State
Work = TypeVar("Work", bound=QueuedWork)

MAX_ATTEMPTS = 3
# Seconds to wait before the second and before the third attempt: enough for a burst of memory pressure to pass.
BACKOFF: tuple[float, ...] = (1.0, 5.0)
LEASE_SECONDS = 30.0


@dataclass(frozen=True)
class Results:
    """What an attempt made: storage names by format, and how."""

    names: Mapping[str, str]
    request: PortraitRequest  # with what was drawn
    timings: Mapping[str, float]


def claim(worker: str, *, lease_seconds: float = LEASE_SECONDS) -> PortraitJob | None:
    """Take the portrait whose turn it is, under a new lease; None if there is none to take."""
    return claim_next(PortraitJob, worker, lease_seconds=lease_seconds)


def claim_next(model: type[Work], worker: str, *, lease_seconds: float = LEASE_SECONDS) -> Work | None:
    """Take the row of ``model`` whose turn it is, under a new lease; None if there is none to take."""
    rows: QuerySet[Work] = model._default_manager.all()
    while True:
        now = database_now()
        waiting = (
            rows.filter(state=State.QUEUED, not_before__lte=now)
            .order_by(*model.TURN)
            .values_list("pk", "lease")
            .first()
        )
        if waiting is None:
            return None
        pk, lease = waiting
        taken = rows.filter(pk=pk, state=State.QUEUED, lease=lease).update(
            state=State.RUNNING,
            lease=lease + 1,
            lease_expires_at=now + timedelta(seconds=lease_seconds),
            worker=worker,
            attempts=F("attempts") + 1,
            started_at=now,
            stage="",
            progress=0.0,
        )
        if taken:
            # None where the row was deleted between the two queries, as with its student's account.
            return rows.filter(pk=pk, lease=lease + 1).first()


def renew(
    job: QueuedWork, *, stage: str = "", progress: float = 0.0, lease_seconds: float = LEASE_SECONDS
) -> bool:
    """Keep the lease and publish the progress. False: the job is not the caller's any more."""
    return bool(
        held_by(job).update(
            lease_expires_at=database_now() + timedelta(seconds=lease_seconds),
            stage=stage[:16],
            progress=min(1.0, max(0.0, progress)),
        )
    )


def keep(job: QueuedWork, *, lease_seconds: float = LEASE_SECONDS) -> None:
    """Keep the lease, if it is the caller's, without news of the progress."""
    held_by(job).update(lease_expires_at=database_now() + timedelta(seconds=lease_seconds))


def show_still(job: PortraitJob, name: str) -> bool:
    """The painted still, a file of the storage, is there before the film. False: the job is not the caller's."""
    with transaction.atomic():
        projection.lock(job.student_id)
        shown = held_by(job).update(poster=name)
        if shown:
            projection.refresh(job.student_id)
    return bool(shown)


def keep_readings(job: PortraitJob, readings: Mapping[str, float]) -> bool:
    """What was read of the picture. False: the job is not the caller's, or the student does not want it any more."""
    return bool(held_by(job).filter(look=True).update(readings=dict(readings)))


def finish(job: PortraitJob, results: Results) -> bool:
    """``succeeded``, together with the student's record. False: the lease was lost, the files are the caller's."""
    now = database_now()
    with transaction.atomic():
        projection.lock(job.student_id)
        done = held_by(job).update(
            state=State.SUCCEEDED,
            lease_expires_at=None,
            stage="",
            progress=1.0,
            error_code="",
            error_detail="",
            finished_at=now,
            seconds=(now - job.started_at).total_seconds() if job.started_at else None,
            timings=dict(results.timings),
            **request_columns(results.request),
            **results.names,
        )
        if done:
            projection.refresh(job.student_id)
            after_commit(_clean_folder, job)
    # A connection that broke during COMMIT leaves the caller in doubt; when it asks again, this tells.
    return bool(done) or _finished_with(job, results)


def fail(
    job: QueuedWork,
    code: str,
    detail: str = "",
    *,
    final: bool = False,
    backoff: Sequence[float] = BACKOFF,
) -> bool:
    """End an attempt: the job waits for the next one, or has ``failed`` when it was the last (or is ``final``)."""
    return end_attempt(job, held_by(job), code, detail, final=final, backoff=backoff)


def give_back(job: QueuedWork) -> bool:
    """Return an attempt that was not the job's fault; it does not count and keeps its place in the queue."""
    with _ending(job) as end:
        end.changed = held_by(job).update(
            state=State.QUEUED, attempts=F("attempts") - 1, worker="", **_without_attempt(job)
        )
    return bool(end.changed)


def cancel(student_id: int, *, job_id: int | None = None) -> bool:
    """Cancel the student's active job, or only that of number ``job_id``. False if there is none."""
    with transaction.atomic():
        cancelled = projection.lock(student_id) and cancel_active(student_id, job_id)
        if cancelled:
            projection.refresh(student_id)
    return cancelled


def retry(job: PortraitJob) -> bool:
    """Queue the student's newest job again after it failed or was cancelled, behind those who wait.

    False if its state has changed, or if a newer photo was uploaded meanwhile.
    """
    now = database_now()
    with transaction.atomic():
        projection.lock(job.student_id)
        if PortraitJob.objects.filter(student_id=job.student_id, pk__gt=job.pk).exists():
            return False
        queued = PortraitJob.objects.filter(
            pk=job.pk, state__in=(State.FAILED, State.CANCELLED), lease=job.lease
        ).update(
            state=State.QUEUED,
            attempts=0,
            queued_at=now,
            not_before=now,
            place=place_of(job.student_id, now),
            turns=F("turns") + 1,
            started_at=None,
            finished_at=None,
            stage="",
            progress=0.0,
            error_code="",
            error_detail="",
        )
        if queued:
            projection.refresh(job.student_id)
            delivery.wake(job.pk)
    return bool(queued)


def choose(student_id: int, job_id: int) -> bool:
    """Show that portrait in the student's record again. False if it is none of theirs, or its files are gone.

    While another one is being made the student goes on seeing the still, so callers refuse before.
    """
    with transaction.atomic():
        chosen = projection.lock(student_id) and bool(
            PortraitJob.objects.filter(pk=job_id, student_id=student_id, state=State.SUCCEEDED)
            .exclude(webp="")
            .update(chosen_at=database_now())
        )
        if chosen:
            projection.refresh(student_id)
    return chosen


def cancel_active(student_id: int, job_id: int | None = None) -> bool:
    """Inside a transaction that has locked the student: :func:`cancel`, without the student's record."""
    active = PortraitJob.objects.filter(student_id=student_id, state__in=PortraitJob.ACTIVE)
    if job_id is not None:
        active = active.filter(pk=job_id)
    job = active.first()  # there is one at most
    cancelled = job is not None and active.filter(pk=job.pk).update(
        state=State.CANCELLED,
        finished_at=database_now(),
        lease_expires_at=None,
        stage="",
        progress=0.0,
        poster="",
    )
    if job is not None and cancelled and job.poster:
        after_commit(media().delete, [str(job.poster.name)])
    return bool(cancelled)


def held_by(job: Work) -> QuerySet[Work]:
    """The row, if it still runs under the lease of ``job``."""
    return type(job)._default_manager.filter(pk=job.pk, state=State.RUNNING, lease=job.lease)


def end_attempt(
    job: Work,
    held: QuerySet[Work],
    code: str,
    detail: str,
    *,
    final: bool,
    backoff: Sequence[float],
) -> bool:
    """:func:`fail`, if the row is one of ``held``."""
    now = database_now()
    ended = {"error_code": code, "error_detail": detail[:500], **_without_attempt(job)}
    with _ending(job) as end:
        if final or job.attempts >= MAX_ATTEMPTS:
            end.changed = held.update(state=State.FAILED, finished_at=now, **ended, **job.SPENT)
        else:
            wait = backoff[min(job.attempts, len(backoff)) - 1] if backoff else 0.0
            end.changed = held.update(
                state=State.QUEUED, not_before=now + timedelta(seconds=wait), worker="", **ended
            )
    return bool(end.changed)


@dataclass
class _End:
    changed: int = 0  # rows


@contextmanager
def _ending(job: QueuedWork) -> Iterator[_End]:
    """A transaction that ends an attempt without a result; a portrait's files and record follow the row."""
    end = _End()
    with transaction.atomic():
        if not isinstance(job, PortraitJob):
            yield end
            return
        projection.lock(job.student_id)
        yield end
        if end.changed:
            projection.refresh(job.student_id)
            after_commit(_clean_folder, job)


def _without_attempt(job: QueuedWork) -> dict[str, Any]:
    """The columns that only a running attempt fills, empty."""
    return {"lease_expires_at": None, "stage": "", "progress": 0.0, **dict.fromkeys(job.EARLY, "")}


def _finished_with(job: PortraitJob, results: Results) -> bool:
    return PortraitJob.objects.filter(
        pk=job.pk, state=State.SUCCEEDED, lease=job.lease, **results.names
    ).exists()


def _clean_folder(job: PortraitJob) -> None:
    """Remove what this attempt and the ones before it wrote and the row does not name."""
    row = PortraitJob.objects.filter(pk=job.pk).only(*PortraitJob.FILES).first()
    files.remove_leftovers(job.key, job.lease, row.file_names if row else set())
