"""Deletes files with their rows: a house's crest, a student's drawn cards, a share's public cards."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from common.storage import media
from dormitory import shares
from dormitory.card import store
from dormitory.models import CardShare, House
from user.models import User


@receiver(post_delete, sender=House)
def remove_crest(sender: type[House], instance: House, **kwargs: Any) -> None:
    if instance.crest:
        transaction.on_commit(partial(media().delete, [str(instance.crest.name)]), robust=True)


@receiver(post_delete, sender=User)
def remove_cards(sender: type[User], instance: User, **kwargs: Any) -> None:
    transaction.on_commit(partial(store.forget, instance.pk), robust=True)


@receiver(post_delete, sender=CardShare)
def remove_public_cards(sender: type[CardShare], instance: CardShare, **kwargs: Any) -> None:
    shares.forget_public_files(instance.student_id)
