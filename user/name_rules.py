"""What new usernames and names may consist of, so that no account looks like another one.

Accounts that were made before these rules keep their names.
"""

from __future__ import annotations

import re
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
        "BALINESE",
        "JAVANESE",
        "NKO",
        "ADLAM",
        "MANDAIC",
        "PHAGS-PA",
    }
)
# Canonical_Combining_Class of the signs that take a consonant's vowel away.
_VIRAMA = 9

# The tags that make a black flag that of a part of a country.
_BLACK_FLAG, _LAST_TAG = "\U0001f3f4", "\U000e007f"
_TAGGED_FLAG = re.compile(f"{_BLACK_FLAG}[\U000e0061-\U000e007a\U000e0030-\U000e0039]{{3,6}}{_LAST_TAG}")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
# Emoji that are punctuation or mathematical signs by their category.
_OTHER_EMOJI = frozenset("\u203c\u2049\u2194\u25fb\u25fc\u25fd\u25fe\u3030")

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


# After NFC, as the column of the database counts them. The front end of 2022 sends at most 20.
FULLNAME_LENGTH = 40
# After NFKC.
USERNAME_LENGTH = 20


def composed(fullname: str) -> str:
    """The form in which a name is kept and counted (NFC)."""
    return unicodedata.normalize("NFC", fullname)


def folded(username: str) -> str:
    """The form in which a username is kept and counted (NFKC), however a keyboard composes it."""
    return unicodedata.normalize("NFKC", username)


def check_username(username: str) -> None:
    """Raises ValidationError with codes ``invisible_characters``, ``mixed_scripts``, or both."""
    _raise([*_invisible(username), *_mixed(username)])


def check_fullname(fullname: str) -> None:
    """As :func:`check_username`, but each word may be in a script of its own."""
    mixed = next((fault for word in fullname.split() for fault in _mixed(word)), None)
    _raise([*_invisible(fullname), *filter(None, [mixed])])


def _raise(faults: list[ValidationError]) -> None:
    if faults:
        raise ValidationError(faults)


def _invisible(text: str) -> Iterator[ValidationError]:
    if any(_hidden(text)) or not any(map(is_visible, text)):
        yield ValidationError(_("A name is made of visible characters."), code="invisible_characters")


def _mixed(text: str) -> Iterator[ValidationError]:
    # Letters in other shapes (fullwidth, bold) are those of their script.
    text = unicodedata.normalize("NFKC", text)
    scripts = {script for script in map(_script, text) if script}
    zeros = {ord(digit) - unicodedata.decimal(digit) for digit in text if digit.isdecimal()}
    together = len(scripts) < 2 or any(scripts <= allowed for allowed in _TOGETHER)
    if not together or len(zeros) > 1:
        yield ValidationError(
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
    # Each of these emoji is one visible thing, whatever it consists of.
    text = _KEYCAP.sub("1", _TAGGED_FLAG.sub(_BLACK_FLAG, text))
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
    if joiner == _ZWJ and unicodedata.combining(before) == _VIRAMA and not after.isalpha():
        # It shapes a consonant at the end of a word: the chillu letters of Malayalam, half forms of Devanagari.
        scripts = {unicodedata.name(before, "").partition(" ")[0]}
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
    if character in _OTHER_EMOJI:
        return True
    return unicodedata.category(character) in ("So", "Cn") and is_visible(character)
