"""What the student's record shows, and which files of which job are still needed for it.

``lock`` and ``refresh`` are called inside the transaction that changed a job, with the student's row locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from portrait import storage
from portrait.models import PortraitJob
from user.models import User

State = PortraitJob.State

# Portraits of one student whose files stay, the one that is shown among them; some two megabytes each.
KEPT = 5
# Far longer than an upload or an attempt takes between the file and the row.
SWEEP_AGE = 3600.0

T = TypeVar("T")


def lock(student_id: int) -> bool:
    """Serialize all changes of one student's jobs until the transaction ends. False if the student is gone.

    SQLite ignores the clause; its transactions take the one write lock of the file when they begin.
    """
    return (
        User.objects.select_for_update(no_key=True).filter(pk=student_id).values_list("pk").first()
        is not None
    )


def refresh(student_id: int) -> None:
    """Bring the record and the files in line with the student's jobs.

    The record shows the portrait that was made or chosen last, or the newest job's still while that is being made, or
    where there is no portrait at all. The last ``KEPT`` portraits stay, for the student to go back to.
    """
    jobs = list(
        # Those that have lost their files can neither be shown nor lose more; a busy student has many.
        PortraitJob.objects.filter(student_id=student_id)
        .exclude(photo="", still="", webp="")
        .only("id", "state", "created_at", "finished_at", "chosen_at", "photo", *PortraitJob.PUBLIC_FILES)
        .order_by("-id")
    )
    if not jobs:
        User.objects.filter(pk=student_id).update(still="", portrait="", poster="")
        return
    newest = jobs[0]
    made = [job for job in jobs if job.state == State.SUCCEEDED]
    made.sort(key=lambda job: (job.shown_since, job.pk), reverse=True)
    shown = made[0] if made and not newest.active else newest
    User.objects.filter(pk=student_id).update(
        still=shown.still.name, portrait=shown.webp.name, poster=shown.poster.name
    )
    _forget_files(jobs, keep_all={newest.pk}, keep_public={job.pk for job in made[:KEPT]})


def _forget_files(jobs: list[PortraitJob], keep_all: set[int], keep_public: set[int]) -> None:
    """Empty the file fields of jobs that nobody needs any more, and delete the files once that is committed."""
    for job in jobs:
        if job.pk in keep_all:
            continue
        fields = ("photo",) if job.pk in keep_public else ("photo", *PortraitJob.PUBLIC_FILES)
        names = [name for field in fields if (name := getattr(job, field).name)]
        if names:
            PortraitJob.objects.filter(pk=job.pk).update(**dict.fromkeys(fields, ""))
            transaction.on_commit(partial(storage.remove, names), robust=True)


def sweep(min_age: float = SWEEP_AGE) -> int:
    """Delete the :func:`orphans`, and return their number."""
    names = orphans(min_age)
    storage.remove(names)
    return len(names)


def orphans(min_age: float = SWEEP_AGE) -> list[str]:
    """Files older than ``min_age`` seconds that no job names.

    Only a process that was killed between writing a file and committing its name leaves such a file.
    """
    found: list[str] = []
    for batch in _batches(storage.names_by_key(min_age), 200):
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
    for batch in _batches(_with_old_photos(before).values_list("pk", "photo").iterator(), 200):
        for pk, name in batch:
            # One conditional UPDATE each: the student may try a failed job again at this very moment.
            if _with_old_photos(before).filter(pk=pk).update(photo=""):
                storage.remove([str(name)])


def _with_old_photos(before: datetime) -> QuerySet[PortraitJob]:
    return (
        PortraitJob.objects.filter(finished_at__lt=before)
        .exclude(photo="")
        .exclude(state__in=PortraitJob.ACTIVE)
        .order_by("id")
    )


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
