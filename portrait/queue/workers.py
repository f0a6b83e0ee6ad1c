"""The register of running workers: a row for each, written by heartbeats and removed at the worker's end."""

from __future__ import annotations

import os
import socket
from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from portrait.models import PortraitJob, PortraitWorker
from portrait.queue.clock import database_now

BEAT_EVERY = 5.0
# Silent rows are kept for an hour, so that an admin sees what died.
FORGET_AFTER = timedelta(hours=1)


def beat(name: str, processes: int, fault: str, *, paused: bool = False) -> None:
    """Record that the worker runs, what is wrong (``""``: nothing), and whether that keeps it from taking jobs."""
    now = database_now()
    PortraitWorker.objects.update_or_create(
        name=name,
        defaults={
            "seen_at": now,
            "seconds_per_job": recent_seconds(),
            "fault": fault[:500],
            "paused": paused,
        },
        create_defaults={
            "host": socket.gethostname()[:100],
            "pid": os.getpid(),
            "processes": processes,
            "seen_at": now,
            "started_at": now,
            "seconds_per_job": recent_seconds(),
            "fault": fault[:500],
            "paused": paused,
        },
    )
    PortraitWorker.objects.filter(seen_at__lt=now - FORGET_AFTER).delete()


def sign_off(name: str) -> None:
    """Remove the worker's row."""
    PortraitWorker.objects.filter(name=name).delete()


def alive() -> QuerySet[PortraitWorker]:
    """The workers that were heard of lately, by the database's clock."""
    silent = timedelta(seconds=PortraitWorker.SILENT)
    # The upper limit: after the clock was set back, the last words of the dead lie in the future.
    return PortraitWorker.objects.filter(seen_at__gt=Now() - silent, seen_at__lt=Now() + silent)


def recent_seconds(count: int = 20) -> float | None:
    """The mean time that the latest ``count`` portraits took, or None before the first one."""
    latest = (
        PortraitJob.objects.filter(state=PortraitJob.State.SUCCEEDED)
        .order_by("-id")
        .values_list("seconds")[:count]
    )
    seconds = [value for (value,) in latest if value is not None]
    return sum(seconds) / len(seconds) if seconds else None
