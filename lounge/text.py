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
    """A text that is refused. ``codes``: blank, control_characters, direction_overrides, min_length, max_length."""

    def __init__(self, codes: list[str]) -> None:
        self.codes = codes
        super().__init__(", ".join(codes))


def clean(text: str) -> str:
    """``text`` in composed form (NFC) with ``\\n`` as the only line end, and otherwise as it was typed.

    Spaces at the ends stay and count. Raises :class:`TextProblem`, which lists all that is wrong: nothing visible,
    control characters other than the newline, lone surrogates (half a character, which no encoding can store),
    direction overrides, which show a text as another one, fewer than ``MIN_LENGTH`` or more than ``MAX_LENGTH``
    characters.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    blank = not any(map(is_visible, text))
    controls = any(unicodedata.category(each) in ("Cc", "Cs") and each != "\n" for each in text)
    faults = {
        "control_characters": controls,
        # Nothing but control characters is blank as well, and one sentence says enough.
        "blank": blank and not controls,
        "direction_overrides": not blank and not DIRECTION_OVERRIDES.isdisjoint(text),
        "min_length": not blank and len(text) < MIN_LENGTH,
        "max_length": len(text) > MAX_LENGTH,
    }
    if any(faults.values()):
        raise TextProblem([code for code, wrong in faults.items() if wrong])
    return text
