"""One form of a password, however a keyboard composes it."""

from __future__ import annotations

import unicodedata


def canonical_password(password: str) -> str:
    """``password`` in Unicode's form NFC; spaces stay.

    A Mac decomposes Hangul (NFD) where a phone composes it, and both type the same word. NFC is the normalization
    of RFC 8265, section 4.2; spaces are not mapped, which that profile does as well.
    """
    return unicodedata.normalize("NFC", password)
