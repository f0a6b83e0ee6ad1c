"""Deletes the files of a deleted job, and updates the student's record."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from common.commits import after_commit
from common.storage import media
from portrait.models import PortraitJob
from portrait.queue import projection


@receiver(post_delete, sender=PortraitJob)
def remove_files(sender: type[PortraitJob], instance: PortraitJob, **kwargs: Any) -> None:
    after_commit(_forget, instance.student_id, instance.file_names)


def _forget(student_id: int, names: set[str]) -> None:
    with transaction.atomic():
        if projection.lock(student_id):
            projection.refresh(student_id)
    media().delete(names)
