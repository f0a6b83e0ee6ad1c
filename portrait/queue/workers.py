"""The register of running workers: a row for each, written by heartbeats and removed at the worker's end."""

from __future__ import annotations

import os
import socket
from datetime import timedelta

from django.utils import timezone

from portrait.models import PortraitWorker
from portrait.queue import transitions

BEAT_EVERY = 5.0
# Silent rows are kept for an hour, so that an admin sees what died.
FORGET_AFTER = timedelta(hours=1)


def beat(name: str, processes: int, fault: str, *, paused: bool = False) -> None:
    """Record that the worker runs, what is wrong (``""``: nothing), and whether that keeps it from taking jobs."""
    now = timezone.now()
    PortraitWorker.objects.update_or_create(
        name=name,
        defaults={
            "seen_at": now,
            "seconds_per_job": transitions.recent_seconds(),
            "fault": fault[:500],
            "paused": paused,
        },
        create_defaults={
            "host": socket.gethostname()[:100],
            "pid": os.getpid(),
            "processes": processes,
            "seen_at": now,
            "started_at": now,
            "seconds_per_job": transitions.recent_seconds(),
            "fault": fault[:500],
            "paused": paused,
        },
    )
    PortraitWorker.objects.filter(seen_at__lt=now - FORGET_AFTER).delete()


def sign_off(name: str) -> None:
    """Remove the worker's row."""
    PortraitWorker.objects.filter(name=name).delete()
