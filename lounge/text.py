"""The validation of guestbook texts, as a pure function.

A *character* is a code point of the text in its composed form (NFC): one for a Hangul syllable or a letter with
its accent, however the keyboard sent them; several for an emoji that is joined from several. Grapheme clusters
(UAX #29) would be closer to what readers count, but have no upper length: any number of marks can be combined
with one letter, so the limit would not limit the size. This is also what the column in the database counts.
"""

from __future__ import annotations

import unicodedata

from common.characters import DIRECTION_OVERRIDES, is_visible

MIN_LENGTH = 6
MAX_LENGTH = 250


class TextProblem(ValueError):
    """A text that is refused. ``code``: blank, control_characters, direction_overrides, min_length or max_length."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def clean(text: str) -> str:
    """``text`` in composed form (NFC) with ``\\n`` as the only line end, and otherwise as it was typed.

    Spaces at the ends stay and count. Raises :class:`TextProblem` for a text in which nothing can be seen, for
    control characters other than the newline, for lone surrogates (half a character, which no encoding can store),
    for direction overrides, which show a text as another one, and for fewer than ``MIN_LENGTH`` or more than
    ``MAX_LENGTH`` characters.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    if any(unicodedata.category(character) in ("Cc", "Cs") and character != "\n" for character in text):
        raise TextProblem("control_characters")
    if not any(map(is_visible, text)):
        raise TextProblem("blank")
    if not DIRECTION_OVERRIDES.isdisjoint(text):
        raise TextProblem("direction_overrides")
    if len(text) < MIN_LENGTH:
        raise TextProblem("min_length")
    if len(text) > MAX_LENGTH:
        raise TextProblem("max_length")
    return text
