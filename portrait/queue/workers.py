"""The register of running workers: a row for each, updated every few seconds and removed at the worker's end."""

from __future__ import annotations

import os
import socket
from datetime import timedelta

from django.utils import timezone

from portrait.models import PortraitWorker
from portrait.queue.overview import recent_seconds

HEARTBEAT_EVERY = 5.0
# Rows without a heartbeat are kept for an hour, so that an admin sees which workers died.
FORGET_AFTER = timedelta(hours=1)


def heartbeat(name: str, processes: int, fault: str) -> None:
    """Record that the worker runs, the mean time of a portrait, and why its children cannot start (``""``: they do).

    Rows whose last heartbeat is older than ``FORGET_AFTER`` are deleted.
    """
    now = timezone.now()
    current = {"seen_at": now, "seconds_per_job": recent_seconds(), "fault": fault[:500]}
    PortraitWorker.objects.update_or_create(
        name=name,
        defaults=current,
        create_defaults={
            "host": socket.gethostname()[:100],
            "pid": os.getpid(),
            "processes": processes,
            "started_at": now,
            **current,
        },
    )
    PortraitWorker.objects.filter(seen_at__lt=now - FORGET_AFTER).delete()


def unregister(name: str) -> None:
    """Remove the worker's row."""
    PortraitWorker.objects.filter(name=name).delete()
