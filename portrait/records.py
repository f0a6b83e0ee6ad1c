"""What the student's record shows, and which files of which job are still needed for it.

``lock`` and ``refresh`` are called inside the transaction that changed a job, with the student's row locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TypeVar

from django.db import transaction

from portrait import storage
from portrait.models import PortraitJob
from user.models import User

State = PortraitJob.State

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

    The record shows the newest job: its moving portrait, or its still while that is being made. If the newest job
    failed or was cancelled, the record goes back to the latest portrait that succeeded, where there is one.
    """
    jobs = list(
        # Those that have lost their files can neither be shown nor lose more; a busy student has many.
        PortraitJob.objects.filter(student_id=student_id)
        .exclude(photo="", still="", webp="")
        .only("id", "state", "photo", *PortraitJob.PUBLIC_FILES)
        .order_by("-id")
    )
    if not jobs:
        User.objects.filter(pk=student_id).update(still="", portrait="")
        return
    newest = jobs[0]
    succeeded = [job for job in jobs if job.state == State.SUCCEEDED]
    shown = newest
    if newest.state in (State.FAILED, State.CANCELLED) and succeeded:
        shown = succeeded[0]
    User.objects.filter(pk=student_id).update(still=shown.still.name, portrait=shown.webp.name)
    # The portrait before the latest one stays too: somebody's open page may still show it.
    _forget_files(jobs, keep_all={newest.pk}, keep_public={job.pk for job in succeeded[:2]})


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
    """Delete files older than ``min_age`` seconds that no job names, and return their number.

    Only a process that was killed between writing a file and committing its name leaves such a file.
    """
    orphans: list[str] = []
    for batch in _batches(storage.names_by_key(min_age), 200):
        jobs = PortraitJob.objects.filter(key__in=[key for key, _ in batch])
        known = {job.key: job.file_names for job in jobs.only("key", "photo", *PortraitJob.PUBLIC_FILES)}
        orphans += [name for key, names in batch for name in names if name not in known.get(key, set())]
    storage.remove(orphans)
    return len(orphans)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
