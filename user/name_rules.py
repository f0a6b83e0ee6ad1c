"""What new usernames and names may consist of, so that no account looks like another one.

Accounts that were made before these rules keep their names.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from common.characters import BLANK_LETTERS, is_visible

_ZWNJ, _ZWJ = "\u200c", "\u200d"

# Scripts in which the two joiners change the shape of a word. Elsewhere they are invisible.
_JOINED = frozenset(
    {
        "ARABIC",
        "SYRIAC",
        "MONGOLIAN",
        "DEVANAGARI",
        "BENGALI",
        "GURMUKHI",
        "GUJARATI",
        "ORIYA",
        "TAMIL",
        "TELUGU",
        "KANNADA",
        "MALAYALAM",
        "SINHALA",
        "KHMER",
        "MYANMAR",
    }
)

# The combinations that languages are written in (UTS #39, "Highly Restrictive").
_TOGETHER = (
    frozenset({"LATIN", "HAN", "HANGUL"}),
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
)

# First words of the names of letters that belong to no script of their own, or to one of another name.
_SCRIPTS = {
    "CJK": "HAN",
    "IDEOGRAPHIC": "HAN",
    "MODIFIER": None,
    "KATAKANA-HIRAGANA": None,
    "VERTICAL": None,
}


def check_username(username: str) -> None:
    """Raises ValidationError with code ``invisible_characters`` or ``mixed_scripts``."""
    _check_visible(username)
    _check_scripts(username)


def check_fullname(fullname: str) -> None:
    """As :func:`check_username`, but each word may be in a script of its own."""
    _check_visible(fullname)
    for word in fullname.split():
        _check_scripts(word)


def _check_visible(text: str) -> None:
    if any(_hidden(text)) or not any(map(is_visible, text)):
        raise ValidationError(_("A name is made of visible characters."), code="invisible_characters")


def _check_scripts(text: str) -> None:
    # Letters in other shapes (fullwidth, bold) are those of their script.
    text = unicodedata.normalize("NFKC", text)
    scripts = {script for script in map(_script, text) if script}
    zeros = {ord(digit) - unicodedata.decimal(digit) for digit in text if digit.isdecimal()}
    together = len(scripts) < 2 or any(scripts <= allowed for allowed in _TOGETHER)
    if not together or len(zeros) > 1:
        raise ValidationError(
            _("Letters that look alike, such as Latin and Cyrillic ones, cannot be mixed."),
            code="mixed_scripts",
        )


def _script(character: str) -> str | None:
    """The script of a letter, by its name, because ``unicodedata`` has no scripts; None for other characters."""
    if not unicodedata.category(character).startswith("L"):
        return None
    word = unicodedata.name(character, "").partition(" ")[0]
    return _SCRIPTS.get(word, word) or None


def _hidden(text: str) -> Iterator[bool]:
    """For each character whether it hides in the text."""
    for before, character, after in zip(" " + text, text, text[1:] + " ", strict=False):
        category = unicodedata.category(character)
        if character in (_ZWNJ, _ZWJ):
            yield not _joins(before, character, after)
        elif category == "Mn" and _is_selector(character):
            yield not _has_variants(before, character)
        elif category == "Cn":
            yield not is_visible(character)
        else:
            yield category in ("Cc", "Cf", "Cs", "Zl", "Zp") or character in BLANK_LETTERS


def _joins(before: str, joiner: str, after: str) -> bool:
    """Whether the joiner stands between letters that it shapes, or between the parts of an emoji."""
    if joiner == _ZWJ and _is_pictured(after):
        return _is_pictured(before) or before == "\ufe0f" or "\U0001f3fb" <= before <= "\U0001f3ff"
    scripts = {unicodedata.name(each, "").partition(" ")[0] for each in (before, after)}
    return len(scripts) == 1 and scripts <= _JOINED


def _is_selector(character: str) -> bool:
    """Whether the mark is one that is never seen: variation selectors and the like."""
    return (
        character in "\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f"
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )


def _has_variants(before: str, selector: str) -> bool:
    """Whether the selector follows a character whose shape it chooses."""
    if selector in "\ufe0e\ufe0f":
        return _is_pictured(before)
    word = unicodedata.name(before, "").partition(" ")[0]
    if selector in "\u180b\u180c\u180d\u180f":
        return word == "MONGOLIAN"
    return selector not in "\u034f\u17b4\u17b5" and word == "CJK"


def _is_pictured(character: str) -> bool:
    """Whether the character is a symbol, as emoji are; those younger than this Python's tables have no category."""
    return unicodedata.category(character) in ("So", "Cn") and is_visible(character)
