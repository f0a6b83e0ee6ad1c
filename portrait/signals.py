"""Deletes the files of a deleted job, and updates the student's record."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from common.storage import media
from portrait.models import PortraitJob
from portrait.queue import projection


@receiver(post_delete, sender=PortraitJob)
def remove_files(sender: type[PortraitJob], instance: PortraitJob, **kwargs: Any) -> None:
    transaction.on_commit(partial(_forget, instance.student_id, instance.file_names), robust=True)


def _forget(student_id: int, names: set[str]) -> None:
    with transaction.atomic():
        if projection.lock(student_id):
            projection.refresh(student_id)
    media().delete(names)
