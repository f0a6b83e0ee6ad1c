"""Texts that are kept in Korean and in English."""

from __future__ import annotations

from django.utils.translation import get_language


def in_language(korean: str, english: str) -> str:
    """The text in the reader's language; the other one where it was left empty."""
    if (get_language() or "").partition("-")[0] == "en":
        return english or korean
    return korean or english
