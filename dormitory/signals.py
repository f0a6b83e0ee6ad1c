"""A deleted house takes its uploaded crest along."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from dormitory.models import House
from portrait import storage


@receiver(post_delete, sender=House)
def remove_crest(sender: type[House], instance: House, **kwargs: Any) -> None:
    if instance.crest:
        transaction.on_commit(partial(storage.remove, [str(instance.crest.name)]), robust=True)
