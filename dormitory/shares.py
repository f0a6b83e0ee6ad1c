"""Public sharing of a student card: off by default, and ended at once when revoked."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TypedDict

from django.http import Http404
from django.urls import reverse

from common.commits import after_commit
from dormitory.card import store
from dormitory.models import CardShare
from user.models import User

# 192 bits, which cannot be guessed.
TOKEN_BYTES = 24


class ShareState(TypedDict):
    shared: bool
    url: str | None  # a path
    created: datetime | None


def state(student: User) -> ShareState:
    """Whether, where and since when the student's card is shared."""
    share = CardShare.objects.filter(student=student).first()
    if share is None:
        return ShareState(shared=False, url=None, created=None)
    return ShareState(shared=True, url=address(share), created=share.created)


def address(share: CardShare) -> str:
    """The URL path of the public page."""
    return reverse("shared-card", args=[share.token])


def share(student: User) -> ShareState:
    """Share the card, at its current address or at a new one."""
    CardShare.objects.get_or_create(student=student, defaults={"token": secrets.token_urlsafe(TOKEN_BYTES)})
    return state(student)


def revoke(student: User) -> ShareState:
    """Stop sharing. The address stops working and is not used again."""
    CardShare.objects.filter(student=student).delete()
    return state(student)


def shared_card(token: str) -> store.Edition:
    """The public edition of the card that is shared under ``token``. Raises Http404, also for a closed account."""
    share = (
        CardShare.objects.select_related("student__house")
        .filter(token=token, student__is_active=True, student__house__isnull=False)
        .first()
    )
    if share is None or share.student.house is None:
        raise Http404
    return store.edition(share.student, share.student.house, name=store.PUBLIC)


def forget_public_files(student_id: int) -> None:
    """Delete the drawn public cards of the student after the commit."""
    after_commit(store.forget, student_id, store.PUBLIC)
