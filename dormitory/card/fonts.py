"""The card's typeface, which must have Hangul: the packaged one, or the file of ``CARD_FONT``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pylopdf_fonts_ko
from django.conf import settings
from PIL import ImageFont

# One syllable from each end of the Unicode block (AC00 to D7A3), and one of the words on the card.
SYLLABLES = "가힣학"
# Text is measured at this size, in pixels, and scaled from there.
_MEASURED_AT = 100
# A noncharacter, for which no typeface has a glyph: it is drawn as the "missing glyph" box.
_MISSING = "\uffff"


class FontError(Exception):
    """The typeface is missing, unreadable or without Hangul; the message names the file."""


def font_file() -> Path:
    """The file of ``CARD_FONT``, or the packaged Noto Serif KR."""
    path: Path | None = settings.CARD_FONT
    return path or pylopdf_fonts_ko.serif_path()


def family(path: Path) -> str:
    """The family name for the drawing. Raises FontError for a typeface without Hangul."""
    font = _load(path)
    if not can_write(SYLLABLES, path):
        raise FontError(f"{path} cannot write Hangul")
    return str(font.getname()[0])


def width(text: str, path: Path) -> float:
    """How wide ``text`` is, in units of the font size."""
    return float(_load(path).getlength(text)) / _MEASURED_AT


def can_write(text: str, path: Path) -> bool:
    """Whether the typeface has a glyph for each character. Raises FontError."""
    font = _load(path)
    missing = bytes(font.getmask(_MISSING))
    return all(character.isspace() or bytes(font.getmask(character)) != missing for character in text)


@lru_cache(maxsize=2)
def _load(path: Path) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(path, _MEASURED_AT)
    except OSError as error:
        raise FontError(f"{path} cannot be read as a typeface ({error})") from error
