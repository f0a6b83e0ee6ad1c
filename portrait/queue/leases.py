"""The lease of a running job: taken by a claim, renewed, given back, or ended after it expired."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from portrait.models import PortraitJob
from portrait.queue import retention
from portrait.queue.transitions import BACKOFF, end_attempt, held_by

State = PortraitJob.State

LEASE_SECONDS = 30.0

logger = logging.getLogger(__name__)


def claim(worker: str, *, lease_seconds: float = LEASE_SECONDS) -> PortraitJob | None:
    """Take the job that has waited longest, under a new lease; None if there is none to take."""
    while True:
        now = timezone.now()
        waiting = (
            PortraitJob.objects.filter(state=State.QUEUED, not_before__lte=now)
            .order_by("queued_at", "id")
            .values_list("pk", "lease")
            .first()
        )
        if waiting is None:
            return None
        pk, lease = waiting
        taken = PortraitJob.objects.filter(pk=pk, state=State.QUEUED, lease=lease).update(
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
            # None where the account, and the job with it, was deleted between the two queries.
            return PortraitJob.objects.filter(pk=pk, lease=lease + 1).first()


def renew(
    job: PortraitJob, *, stage: str = "", progress: float = 0.0, lease_seconds: float = LEASE_SECONDS
) -> bool:
    """Keep the lease and publish the progress. False: the job is not the caller's any more."""
    return bool(
        held_by(job).update(
            lease_expires_at=timezone.now() + timedelta(seconds=lease_seconds),
            stage=stage[:16],
            progress=min(1.0, max(0.0, progress)),
        )
    )


def give_back(job: PortraitJob) -> bool:
    """Return an attempt that was not the job's fault; it does not count and keeps its place in the queue."""
    back = held_by(job).update(
        state=State.QUEUED,
        attempts=F("attempts") - 1,
        lease_expires_at=None,
        worker="",
        stage="",
        progress=0.0,
    )
    if back:
        retention.remove_leftovers(job)
    return bool(back)


def reap_expired(*, backoff: Sequence[float] = BACKOFF) -> list[PortraitJob]:
    """End the attempts of workers that no longer renew their leases; returns the jobs that were theirs."""
    now = timezone.now()
    expired = PortraitJob.objects.filter(state=State.RUNNING, lease_expires_at__lt=now)
    reaped = []
    for job in expired:
        # Filtered on the expiry too: the worker may have come back since we looked.
        held = held_by(job).filter(lease_expires_at__lt=now)
        detail = f"the worker {job.worker} stopped in the middle"
        if end_attempt(job, held, "worker_lost", detail, final=False, backoff=backoff):
            logger.warning("job %s: %s (attempt %s)", job.pk, detail, job.attempts)
            reaped.append(job)
    return reaped
