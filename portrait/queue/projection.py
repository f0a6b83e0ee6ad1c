"""The projection of a student's jobs onto their record: which portrait it shows, and which files stay for it.

``lock`` and ``refresh`` are called inside the transaction that changed a job, with the student's row locked.
"""

from __future__ import annotations

from functools import partial

from django.db import transaction

from common.storage import media
from portrait.models import PortraitJob
from user.models import User

State = PortraitJob.State

# Portraits of one student whose files stay, the one that is shown among them; some two megabytes each.
KEPT = 5


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
    """Empty the file fields of jobs that are not needed any more, and delete the files once that is committed."""
    for job in jobs:
        if job.pk in keep_all:
            continue
        fields = ("photo",) if job.pk in keep_public else ("photo", *PortraitJob.PUBLIC_FILES)
        names = [name for field in fields if (name := getattr(job, field).name)]
        if names:
            PortraitJob.objects.filter(pk=job.pk).update(**dict.fromkeys(fields, ""))
            transaction.on_commit(partial(media().delete, names), robust=True)
