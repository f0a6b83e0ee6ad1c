"""Cropped photos move from the public folder of their job to the private folder of the uploads.

It can be interrupted and run again: a file has its new name before the old one goes, and the row follows.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

from common.storage import media

BATCH = 200
OLD_FOLDER = "portraits/"


def move_stills(apps: Any, schema_editor: Any) -> None:
    """Move the files. Where the photo was deleted, or the still is lost, there is none afterwards."""
    jobs = apps.get_model("portrait", "PortraitJob").objects
    public = jobs.filter(still__startswith=OLD_FOLDER).only("key", "photo", "still").order_by("pk")
    while batch := list(public[:BATCH]):
        for job in batch:
            old, new = str(job.still.name), f"photos/{job.key.hex}-still.jpg"
            kept = bool(job.photo) and _has_name(old, new)
            media().delete([old])
            job.still = new if kept else ""
        jobs.bulk_update(batch, ["still"])


def _has_name(old: str, new: str) -> bool:
    """Whether there is a file ``new``; it is made of ``old`` where that exists."""
    if not media().exists(new):
        try:
            media().copy(old, new)
        except FileNotFoundError:
            return False
    return True


def update_records(apps: Any, schema_editor: Any) -> None:
    """Each record shows the last finished portrait, and names a still only where the student is to see it."""
    users = apps.get_model("user", "User").objects
    jobs = apps.get_model("portrait", "PortraitJob").objects
    for pk in list(users.exclude(still="").values_list("pk", flat=True)):
        own = list(jobs.filter(student_id=pk).exclude(photo="", still="", webp="").order_by("-pk"))
        made = [job for job in own if job.state == "succeeded" and job.webp]
        made.sort(key=lambda job: (_shown_since(job), job.pk), reverse=True)
        active = bool(own) and own[0].state in ("queued", "running")
        users.filter(pk=pk).update(
            still=str(own[0].still.name or "") if own and (active or not made) else "",
            portrait=str(made[0].webp.name) if made else "",
            poster=str(made[0].poster.name or "") if made else "",
        )


def _shown_since(job: Any) -> Any:
    return max(moment for moment in (job.created_at, job.finished_at, job.chosen_at) if moment)


class Migration(migrations.Migration):
    # Files cannot be rolled back, and thousands of them must not keep the database locked.
    atomic = False

    dependencies = [
        ("portrait", "0004_face"),
        ("user", "0002_poster"),
    ]

    operations = [
        migrations.RunPython(move_stills, migrations.RunPython.noop),
        migrations.RunPython(update_records, migrations.RunPython.noop),
    ]
