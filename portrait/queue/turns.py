"""The order of the queue: first come, first served among students, not among uploads.

A student who asks again within the hour goes behind those who wait, and also behind those who come a little later.
The delay is limited, so that no student waits for ever.

Errands take seconds and are taken before portraits, but take turns with them: after an errand, a portrait that waits
is next. So a portrait waits for one errand more for each portrait before it, however many errands are asked for.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max, Q, Sum

from portrait.models import Errand, PortraitJob

# What was asked for within this time counts.
WINDOW = timedelta(hours=1)
# How much later a student's next request counts as sent, for each one before it.
DELAY = timedelta(minutes=2)
LONGEST_DELAY = timedelta(minutes=20)


def place_of(student_id: int, now: datetime) -> datetime:
    """The place in the queue of what the student asks for now; the earliest place is served first."""
    recent = PortraitJob.objects.filter(student_id=student_id, queued_at__gt=now - WINDOW)
    before = recent.aggregate(turns=Sum("turns"))["turns"] or 0
    return now + min(LONGEST_DELAY, before * DELAY)


def kinds_in_turn() -> tuple[type[Errand | PortraitJob], ...]:
    """What is looked for first: errands, or portraits where the latest work that was started is an errand."""
    latest = Errand.objects.aggregate(started=Max("started_at"))["started"]
    if latest is None:
        return Errand, PortraitJob
    # A job that was started since then still runs, or has ended since then; both are in an index.
    since = PortraitJob.objects.filter(Q(state=PortraitJob.State.RUNNING) | Q(finished_at__gt=latest))
    if since.filter(started_at__gt=latest).exists():
        return Errand, PortraitJob
    return PortraitJob, Errand
