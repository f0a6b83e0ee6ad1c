"""Deletes files with their rows: a house's crest, a student's drawn cards, a share's public cards."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete
from django.dispatch import receiver

from common.commits import after_commit
from common.storage import media
from dormitory import shares
from dormitory.card import store
from dormitory.models import CardShare, House
from portrait.queue.orphans import sweeping
from user.models import User


@receiver(post_delete, sender=House)
def remove_crest(sender: type[House], instance: House, **kwargs: Any) -> None:
    if instance.crest:
        after_commit(media().delete, [str(instance.crest.name)])


@receiver(post_delete, sender=User)
def remove_cards(sender: type[User], instance: User, **kwargs: Any) -> None:
    after_commit(store.forget, instance.pk)


@receiver(sweeping)
def remove_cards_of_nobody(sender: object, **kwargs: Any) -> None:
    """Those that could not be deleted with their student, since the storage was away."""
    store.forget_strangers()


@receiver(post_delete, sender=CardShare)
def remove_public_cards(sender: type[CardShare], instance: CardShare, **kwargs: Any) -> None:
    shares.forget_public_files(instance.student_id)
