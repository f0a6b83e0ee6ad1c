"""The validation of guestbook texts, as a pure function.

A *character* is a code point of the text in its composed form (NFC): one for a Hangul syllable or a letter with
its accent, however the keyboard sent them; several for an emoji that is joined from several. Grapheme clusters
(UAX #29) would be closer to what readers count, but have no upper length: any number of marks can be combined
with one letter, so the limit would not limit the size. This is also what the column in the database counts.
"""

from __future__ import annotations

import unicodedata

MIN_LENGTH = 6
MAX_LENGTH = 250

# Blank, although their category is letter or symbol: the Hangul fillers (the two jamo ones, the
# compatibility and the halfwidth one), the braille cell without dots, the musical null notehead, the hieroglyphic
# blanks.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159\U00013441\U00013442")

# Separators; marks, which need a letter to sit on; control and format characters and surrogates.
_NOTHING_TO_SEE = frozenset({"Zs", "Zl", "Zp", "Mn", "Mc", "Me", "Cc", "Cf", "Cs"})


class TextProblem(ValueError):
    """A text that is refused. ``code``: blank, control_characters, min_length or max_length."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def clean(text: str) -> str:
    """``text`` in composed form (NFC) with ``\\n`` as the only line end, and otherwise as it was typed.

    Spaces at the ends stay and count. Raises :class:`TextProblem` for a text in which nothing can be seen, for
    control characters other than the newline, for lone surrogates (half a character, which no encoding can store),
    and for fewer than ``MIN_LENGTH`` or more than ``MAX_LENGTH`` characters.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    if any(unicodedata.category(character) in ("Cc", "Cs") and character != "\n" for character in text):
        raise TextProblem("control_characters")
    if not any(map(_is_visible, text)):
        raise TextProblem("blank")
    if len(text) < MIN_LENGTH:
        raise TextProblem("min_length")
    if len(text) > MAX_LENGTH:
        raise TextProblem("max_length")
    return text


def _is_visible(character: str) -> bool:
    """Whether the character is visible by itself.

    An unassigned code point counts as visible: it may be an emoji that is younger than this Python's tables. Apart
    from those that the standard keeps free for invisible ones (Default_Ignorable_Code_Point) and noncharacters.
    """
    category = unicodedata.category(character)
    if category != "Cn":
        return category not in _NOTHING_TO_SEE and character not in _BLANK_LETTERS
    code = ord(character)
    ignorable = code == 0x2065 or 0xFFF0 <= code <= 0xFFF8 or 0xE0000 <= code <= 0xE0FFF
    noncharacter = 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    return not (ignorable or noncharacter or character in _BLANK_LETTERS)
