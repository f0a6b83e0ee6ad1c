"""What ``manage.py benchmark_queue`` measures: claims, and portraits that take no time, through either queue."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db.models import Max, Min
from django.test import override_settings

from demo.queue_fleet import fleet, school, wait_until_done
from demo.small_photos import send_small_photo
from portrait.models import PortraitJob
from portrait.queue import transitions

# Seconds for all jobs of one measurement.
PATIENCE = 600.0


@dataclass(frozen=True)
class Measured:
    """``accepted`` and ``claimed`` by one process, ``made`` by all children: a second. ``overhead`` in seconds."""

    queue: str
    accepted: float
    claimed: float
    made: float
    overhead: float


def measure(*, jobs: int, children: int, broker_url: str | None) -> Measured:
    """One queue. Raises DatabaseError, ValueError, TimeoutError."""
    name = "celery" if broker_url else "database"
    sending = (
        override_settings(PORTRAIT_QUEUE="celery", CELERY_BROKER_URL=broker_url)
        if broker_url
        else nullcontext()
    )
    with TemporaryDirectory(prefix="queue-") as text, school(Path(text), jobs) as students:
        with sending:
            begin = time.monotonic()
            for student in students:
                send_small_photo(student.pk)
            accepted = jobs / (time.monotonic() - begin)
        begin = time.monotonic()
        taken = []
        while job := transitions.claim("benchmark"):
            taken.append(job)
        claimed = jobs / (time.monotonic() - begin)
        for job in taken:
            transitions.give_back(job)
        with fleet(Path(text), children=children, seconds=0.0, broker_url=broker_url):
            wait_until_done(PATIENCE)
        span = PortraitJob.objects.aggregate(first=Min("started_at"), last=Max("finished_at"))
        seconds = (span["last"] - span["first"]).total_seconds()
    return Measured(name, accepted, claimed, jobs / seconds, seconds * children / jobs)
