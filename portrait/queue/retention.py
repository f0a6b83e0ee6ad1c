"""How long the uploaded photo of a finished portrait is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from common.storage import media
from portrait.models import Errand, PortraitJob
from portrait.queue import projection
from portrait.queue.clock import database_now

T = TypeVar("T")


def old_photos(before: datetime) -> list[str]:
    """The photos of jobs that ended before that time, whole and cropped, in the order of the jobs."""
    jobs = _with_old_photos(before).values_list(*PortraitJob.PHOTOS)
    return [str(name) for names in jobs for name in names if name]


def photo_limit() -> datetime:
    """Portraits that were finished before this time have lost their photo, or are about to."""
    return database_now() - timedelta(days=settings.PORTRAIT["PHOTO_DAYS"])


def forget_photos(before: datetime) -> None:
    """Delete the :func:`old_photos`; after that the job cannot be tried again, and the portrait stays."""
    jobs = _with_old_photos(before).values_list("pk", "student_id", *PortraitJob.PHOTOS)
    for batch in batches(jobs.iterator(), 200):
        for pk, student_id, *names in batch:
            with transaction.atomic():
                projection.lock(student_id)
                # One conditional UPDATE each: the student may try a failed job again at this very moment.
                forgotten = _with_old_photos(before).filter(pk=pk).update(**PortraitJob.WITH_PHOTO)
                if forgotten:
                    Errand.objects.filter(source=pk).delete()
                    projection.refresh(student_id)
            if forgotten:
                media().delete([name for name in names if name])


def _with_old_photos(before: datetime) -> QuerySet[PortraitJob]:
    return (
        PortraitJob.objects.filter(finished_at__lt=before)
        .exclude(photo="", still="")
        .exclude(state__in=PortraitJob.ACTIVE)
        .order_by("id")
    )


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
