"""How long the uploaded photo of a finished portrait is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.conf import settings
from django.db.models import QuerySet

from common.storage import media
from portrait.models import PortraitJob
from portrait.queue.clock import database_now

T = TypeVar("T")


def old_photos(before: datetime) -> list[str]:
    """The private photos of jobs that ended before that time, in the order of the jobs."""
    return [str(name) for _pk, name in _with_old_photos(before).values_list("pk", "photo")]


def photo_limit() -> datetime:
    """Portraits that were finished before this time have lost their photo, or are about to."""
    return database_now() - timedelta(days=settings.PORTRAIT["PHOTO_DAYS"])


def forget_photos(before: datetime) -> None:
    """Delete the :func:`old_photos`; after that the job cannot be tried again, and the portrait stays."""
    for batch in batches(_with_old_photos(before).values_list("pk", "photo").iterator(), 200):
        for pk, name in batch:
            # One conditional UPDATE each, because the student may retry a failed job at the same time.
            if _with_old_photos(before).filter(pk=pk).update(photo=""):
                media().delete([str(name)])


def _with_old_photos(before: datetime) -> QuerySet[PortraitJob]:
    return (
        PortraitJob.objects.filter(finished_at__lt=before)
        .exclude(photo="")
        .exclude(state__in=PortraitJob.ACTIVE)
        .order_by("id")
    )


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
