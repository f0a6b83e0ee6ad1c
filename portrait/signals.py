"""A job's files are deleted with the job (in the admin, or with the account), and the record shows them no more."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from common.storage import media_storage
from portrait.models import PortraitJob
from portrait.queue import projection


@receiver(post_delete, sender=PortraitJob)
def remove_files(sender: type[PortraitJob], instance: PortraitJob, **kwargs: Any) -> None:
    transaction.on_commit(partial(_delete_files, instance.student_id, instance.file_names), robust=True)


def _delete_files(student_id: int, names: set[str]) -> None:
    with transaction.atomic():
        if projection.lock(student_id):
            projection.refresh(student_id)
    media_storage().delete(names)
