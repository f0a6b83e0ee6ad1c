"""Writes to accounts."""

from __future__ import annotations

from user.models import User


def sign_up(*, username: str, fullname: str, password: str) -> User:
    """A new student. ``IntegrityError`` when the username was taken since it was checked."""
    return User.objects.create_user(username=username, fullname=fullname, password=password)
