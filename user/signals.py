"""Deletes the tokens of a deleted account; simplejwt would keep them without an owner."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import pre_delete
from django.dispatch import receiver
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from user.models import User


@receiver(pre_delete, sender=User)
def remove_tokens(sender: type[User], instance: User, **kwargs: Any) -> None:
    # Before the deletion, which sets their ``user`` to NULL.
    OutstandingToken.objects.filter(user_id=instance.pk).delete()
