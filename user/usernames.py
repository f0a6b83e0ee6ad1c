"""What a username is."""

from __future__ import annotations

from user.models import User


def canonical(username: str) -> str:
    """The one form of all spellings of a username: padding, case and Unicode form make no difference.

    Accounts are told apart by case; their limits are not.
    """
    folded = User.normalize_username(username).casefold()
    return User.normalize_username(folded).strip()
