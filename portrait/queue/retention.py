"""Which files of which jobs are kept, and the deletion of all others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby, islice
from time import time
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from common.storage import media_storage
from portrait import file_names
from portrait.models import PortraitJob

# Portraits of one student whose files stay, the one that is shown among them; some two megabytes each.
KEPT = 5
# Far longer than an upload or an attempt takes between the file and the row.
SWEEP_AGE = 3600.0
# Jobs looked up with one query.
BATCH = 200

T = TypeVar("T")


# --- of one student -------------------------------------------------------------------------------------------------


def release_files(jobs: Sequence[PortraitJob], *, newest: PortraitJob, made: Sequence[PortraitJob]) -> None:
    """Empty the file fields that are not needed any more, and delete the files once that is committed.

    ``jobs`` are all jobs of a student that have files. The ``newest`` keeps all of its files. The first ``KEPT`` of
    the portraits that were ``made``, sorted from the one shown last, keep their public files, for the student to go
    back to. Called inside the transaction of :func:`portrait.queue.projection.refresh`.
    """
    keep_public = {job.pk for job in made[:KEPT]}
    for job in jobs:
        if job.pk == newest.pk:
            continue
        fields = ("photo",) if job.pk in keep_public else ("photo", *PortraitJob.PUBLIC_FILES)
        names = [name for field in fields if (name := getattr(job, field).name)]
        if names:
            PortraitJob.objects.filter(pk=job.pk).update(**dict.fromkeys(fields, ""))
            transaction.on_commit(partial(media_storage().delete, names), robust=True)


def remove_leftovers(job: PortraitJob) -> None:
    """Delete the results that this attempt and those before it wrote and that the job's row does not name."""
    row = PortraitJob.objects.filter(pk=job.pk).only(*PortraitJob.PUBLIC_FILES).first()
    keep = row.file_names if row else set()
    leftovers = []
    for file in media_storage().list_files(file_names.public_folder(job.key)):
        lease = file_names.lease_of(file.name)
        if lease is not None and lease <= job.lease and file.name not in keep:
            leftovers.append(file.name)
    media_storage().delete(leftovers)


# --- of all students ------------------------------------------------------------------------------------------------


def sweep(min_age: float = SWEEP_AGE) -> int:
    """Delete the :func:`orphans`, and return their number."""
    names = orphans(min_age)
    media_storage().delete(names)
    return len(names)


def orphans(min_age: float = SWEEP_AGE) -> list[str]:
    """Files older than ``min_age`` seconds that no job names.

    Only a process that was killed between writing a file and committing its name leaves such a file.
    """
    found: list[str] = []
    for batch in _batches(_old_files(min_age), BATCH):
        jobs = PortraitJob.objects.filter(key__in=[key for key, _ in batch])
        known = {job.key: job.file_names for job in jobs.only("key", "photo", *PortraitJob.PUBLIC_FILES)}
        found += [name for key, names in batch for name in names if name not in known.get(key, set())]
    return found


def old_photos(before: datetime) -> list[str]:
    """The private photos of jobs that ended before that time, in the order of the jobs."""
    return [str(name) for _pk, name in _with_old_photos(before).values_list("pk", "photo")]


def photo_limit() -> datetime:
    """Portraits that were finished before this time have lost their photo, or are about to."""
    return timezone.now() - timedelta(days=settings.PORTRAIT["PHOTO_DAYS"])


def forget_photos(before: datetime) -> None:
    """Delete the :func:`old_photos`; after that the job cannot be tried again, and the portrait stays."""
    for batch in _batches(_with_old_photos(before).values_list("pk", "photo").iterator(), BATCH):
        for pk, name in batch:
            # One conditional UPDATE each, because the student may retry a failed job at the same time.
            if _with_old_photos(before).filter(pk=pk).update(photo=""):
                media_storage().delete([str(name)])


def _with_old_photos(before: datetime) -> QuerySet[PortraitJob]:
    return (
        PortraitJob.objects.filter(finished_at__lt=before)
        .exclude(photo="")
        .exclude(state__in=PortraitJob.ACTIVE)
        .order_by("id")
    )


def _old_files(min_age: float) -> Iterator[tuple[UUID, list[str]]]:
    """Files older than ``min_age`` seconds, by the key of their job (photos and portraits apart)."""
    newest = time() - min_age
    for area in (file_names.PHOTOS, file_names.PORTRAITS):
        files = media_storage().list_files(area)
        for key, group in groupby(files, key=lambda file: file_names.key_of(file.name)):
            names = [file.name for file in group if file.modified < newest]
            # Without a key it is no file of a job.
            if key is not None and names:
                yield key, names


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
