"""What the student's record shows of their jobs: still, portrait and poster.

``lock`` and ``refresh`` are called inside the transaction that changed a job, with the student's row locked.
"""

from __future__ import annotations

from portrait.models import PortraitJob
from portrait.queue import retention
from user.models import User

State = PortraitJob.State


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
    where there is no portrait at all.
    """
    jobs = list(
        # Jobs without files can neither be shown nor lose files; a busy student has many.
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
    retention.release_files(jobs, newest=newest, made=made)
