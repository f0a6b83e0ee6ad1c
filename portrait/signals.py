"""A deleted job (with the account, or in the admin) takes its files along."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from portrait import storage
from portrait.models import PortraitJob


@receiver(post_delete, sender=PortraitJob)
def remove_files(sender: type[PortraitJob], instance: PortraitJob, **kwargs: Any) -> None:
    transaction.on_commit(partial(storage.remove, instance.file_names), robust=True)
