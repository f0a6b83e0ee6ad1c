"""The order of the queue: first come, first served among students, not among uploads.

A student who asks again within the hour goes behind those who wait, and also behind those who come a little later.
The delay is limited, so that no student waits for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Sum

from portrait.models import PortraitJob

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
