"""The card's typeface, which must have Hangul: packaged, or the file of ``CARD_FONT``; and those for the rest."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import manimgx_fonts
import pylopdf_fonts_ko
import pylopdf_fonts_zh_cn
from django.conf import settings
from PIL import ImageFont

# One syllable from each end of the Unicode block (AC00 to D7A3), and one of the words on the card.
SYLLABLES = "가힣학"
# Text is measured at this size, in pixels, and scaled from there.
_MEASURED_AT = 100
# A noncharacter, for which no typeface has a glyph: it is drawn as the "missing glyph" box.
_MISSING = "\uffff"
# Latin with all accents, Greek and Cyrillic first, and pictures before plain symbols.
_FIRST = ("NotoSans[wght].ttf", "NotoEmoji[wght].ttf")


class FontError(Exception):
    """The typeface is missing, unreadable or without Hangul; the message names the file."""


def font_file() -> Path:
    """The file of ``CARD_FONT``, or the packaged Noto Serif KR."""
    path: Path | None = settings.CARD_FONT
    return path or pylopdf_fonts_ko.serif_path()


@lru_cache(maxsize=2)
def fallbacks(first: Path) -> tuple[Path, ...]:
    """``first`` and the packaged typefaces for other scripts, emoji and symbols, in the order of trial."""
    folder = Path(str(manimgx_fonts.__file__)).parent
    upright = sorted(path for path in folder.glob("*.ttf") if "Italic" not in path.name)
    upright.sort(key=lambda path: _FIRST.index(path.name) if path.name in _FIRST else len(_FIRST))
    packaged = (pylopdf_fonts_ko.serif_path(), *upright, pylopdf_fonts_zh_cn.serif_path())
    return tuple(dict.fromkeys((first, *packaged)))


def family(path: Path) -> str:
    """The family name for the drawing. Raises FontError for a typeface without Hangul."""
    if not can_write(SYLLABLES, path):
        raise FontError(f"{path} cannot write Hangul")
    return name_of(path)


def name_of(path: Path) -> str:
    """The name of the typeface's family. Raises FontError."""
    return str(_load(path).getname()[0])


def width(text: str, path: Path) -> float:
    """How wide ``text`` is, in units of the font size. Raises FontError."""
    return float(_load(path).getlength(text)) / _MEASURED_AT


def can_write(text: str, path: Path) -> bool:
    """Whether the typeface has a glyph for each character. Raises FontError."""
    return all(character.isspace() or _has_glyph(character, path) for character in text)


@lru_cache(maxsize=8192)
def _has_glyph(character: str, path: Path) -> bool:
    return bytes(_without_shaping(path).getmask(character)) != _box(path)


@lru_cache(maxsize=64)
def _box(path: Path) -> bytes:
    return bytes(_without_shaping(path).getmask(_MISSING))


@lru_cache(maxsize=64)
def _without_shaping(path: Path) -> ImageFont.FreeTypeFont:
    """The typeface, which does not compose a letter that it lacks from others."""
    return _load(path).font_variant(layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=64)
def _load(path: Path) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(path, _MEASURED_AT)
    except OSError as error:
        raise FontError(f"{path} cannot be read as a typeface ({error})") from error
