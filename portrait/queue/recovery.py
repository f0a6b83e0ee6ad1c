"""What is mended in the queue from time to time, by any worker: leases of the dead, and times that cannot be."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from portrait.models import QUEUES, QueuedWork
from portrait.queue.clock import database_now, mend_times
from portrait.queue.transitions import BACKOFF, LEASE_SECONDS, end_attempt, held_by

State = QueuedWork.State

logger = logging.getLogger(__name__)


def reap_expired(
    *, backoff: Sequence[float] = BACKOFF, lease_seconds: float = LEASE_SECONDS
) -> list[QueuedWork]:
    """End the attempts of workers that no longer renew their leases; returns the jobs that were theirs.

    Before, times that cannot be are corrected (``mend_times``).
    """
    mend_times(longest_wait=max(0.0, *BACKOFF, *backoff), longest_lease=max(LEASE_SECONDS, lease_seconds))
    now = database_now()
    reaped: list[QueuedWork] = []
    for model in QUEUES:
        for job in model._default_manager.filter(state=State.RUNNING, lease_expires_at__lt=now):
            # Filtered on the expiry too: the worker may have come back since we looked.
            held = held_by(job).filter(lease_expires_at__lt=now)
            detail = f"the worker {job.worker} stopped in the middle"
            if end_attempt(job, held, "worker_lost", detail, final=False, backoff=backoff):
                logger.warning("%s: %s (attempt %s)", job.label, detail, job.attempts)
                reaped.append(job)
    return reaped
