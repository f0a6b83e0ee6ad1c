"""Codes with which the students of a class sign up. They are read aloud and typed, so no two letters look alike."""

from __future__ import annotations

import re
import secrets

# Without 0 and O, 1, I and L.
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LENGTH = 8


def new_code() -> str:
    """A random code of 39 bits."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def canonical_code(text: str) -> str:
    """The code as it is kept, however it was typed: in small letters, with spaces or dashes."""
    return re.sub(r"[\s-]", "", text).upper()
