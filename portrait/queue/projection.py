"""The projection of a student's jobs onto their record: which portrait it shows, and which files stay for it.

``lock`` and ``refresh`` are called inside the transaction that changed a job, with the student's row locked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from common.commits import after_commit
from common.storage import media
from portrait.models import Errand, PortraitJob
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

    The record shows the portrait that was made or chosen last. Its ``still``, which the student alone sees, is that
    of a portrait that is being made, painted as soon as it is, or of the newest photo where there is no portrait.
    Others see a painted still only where there is no portrait before. The last ``KEPT`` portraits stay, for the
    student to go back to; the photos stay of the one that is shown and of the newest job.
    """
    jobs = list(
        # Those that have lost their files can neither be shown nor lose more; a busy student has many.
        PortraitJob.objects.filter(student_id=student_id)
        .exclude(photo="", still="", webp="")
        .only("id", "state", "created_at", "finished_at", "chosen_at", "key", "upload", *PortraitJob.FILES)
        .order_by("-id")
    )
    made = [job for job in jobs if job.state == State.SUCCEEDED and job.webp]
    made.sort(key=lambda job: (job.shown_since, job.pk), reverse=True)
    worn = made[0] if made else None
    newest = jobs[0] if jobs else None
    painted = newest.poster.name if newest and newest.active else ""
    photo = newest.still.name if newest and (newest.active or worn is None) else ""
    User.objects.filter(pk=student_id).update(
        **({"portrait_at": worn.shown_since} if worn else {}),
        still=painted or photo,
        portrait=worn.webp.name if worn else "",
        poster=worn.poster.name if worn else painted,
        tile=worn.tile.name if worn else "",
        live=worn.live.name if worn else "",
    )
    _forget_files(
        jobs,
        keep_photos={job.pk for job in (*jobs[:1], worn and source_of(worn, jobs)) if job},
        keep_results={job.pk for job in jobs if job.active or job in made[:KEPT]},
    )


def source_of(portrait: PortraitJob, jobs: Iterable[PortraitJob]) -> PortraitJob | None:
    """The job that still has the photo of ``portrait``: itself, else the first of ``jobs`` from the same upload."""
    if portrait.photo:
        return portrait
    same = (job for job in jobs if job.photo and job.origin == portrait.origin)
    return next(same, None)


def _forget_files(jobs: list[PortraitJob], keep_photos: set[int], keep_results: set[int]) -> None:
    """Empty the file fields of jobs that are not needed any more, and delete the files once that is committed."""
    for job in jobs:
        photos = {} if job.pk in keep_photos else PortraitJob.WITH_PHOTO
        results = {} if job.pk in keep_results else dict.fromkeys(PortraitJob.RESULTS, "")
        forgotten: dict[str, Any] = {**photos, **results}
        names = [
            name for field in PortraitJob.FILES if field in forgotten and (name := getattr(job, field).name)
        ]
        if names:
            PortraitJob.objects.filter(pk=job.pk).update(**forgotten)
            if photos:
                Errand.objects.filter(source=job.pk).delete()
            after_commit(media().delete, names)
