"""Reads of accounts."""

from __future__ import annotations

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from user.models import User


def signed_in(request: Request) -> User:
    """The student whose token came with ``request``. Raises ``NotAuthenticated`` (401) without one."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def with_house(student: User) -> User:
    """The student's record as it is now, its house with it, in one query."""
    return User.objects.select_related("house").get(pk=student.pk)
