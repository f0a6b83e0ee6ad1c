"""What can be seen of a character, and which way it makes text run."""

from __future__ import annotations

import unicodedata

# Blank, although their category is letter or symbol: the Hangul fillers (the two jamo ones, the
# compatibility and the halfwidth one), the braille cell without dots, the musical null notehead, the hieroglyphic
# blanks.
BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159\U00013441\U00013442")

# They show all characters up to the end of the line in the other order, whatever those are.
DIRECTION_OVERRIDES = frozenset("\u202d\u202e")

# Separators; marks, which need a letter to sit on; control and format characters and surrogates.
_NOTHING_TO_SEE = frozenset({"Zs", "Zl", "Zp", "Mn", "Mc", "Me", "Cc", "Cf", "Cs"})

# Of letters that are written from right to left, and of the characters that change the direction.
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})

_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def is_visible(character: str) -> bool:
    """Whether the character is visible by itself.

    An unassigned code point counts as visible: it may be an emoji that is younger than this Python's tables. Apart
    from those that the standard keeps free for invisible ones (Default_Ignorable_Code_Point) and noncharacters.
    """
    category = unicodedata.category(character)
    if category != "Cn":
        return category not in _NOTHING_TO_SEE and character not in BLANK_LETTERS
    code = ord(character)
    ignorable = code == 0x2065 or 0xFFF0 <= code <= 0xFFF8 or 0xE0000 <= code <= 0xE0FFF
    noncharacter = 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    return not (ignorable or noncharacter or character in BLANK_LETTERS)


def isolated(text: str) -> str:
    """``text`` for the middle of a sentence, whose order it does not change; as it is where it runs left to right."""
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text):
        return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}"
    return text
