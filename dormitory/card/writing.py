"""Which typeface writes which part of a name, so that no character is drawn as a box."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from common.characters import is_visible
from dormitory.card import fonts

_ZWNJ, _ZWJ = "\u200c", "\u200d"
# What is drawn for a character that has no glyph, no letter and no name.
_UNKNOWN = "?"
# And for a punctuation mark.
_POINT = "·"
# Words of a letter's name in Unicode behind which the sound stands: TIBETAN LETTER KA.
_BEFORE_THE_SOUND = (" LETTER ", " SYLLABLE ", " VOWEL SIGN ", " CHARACTER ", " HIEROGLYPH ", " SIGN ")


@dataclass(frozen=True)
class Run:
    """A part of a text that one typeface writes."""

    text: str
    font: Path

    @property
    def family(self) -> str:
        return fonts.name_of(self.font)


def runs(text: str) -> list[Run]:
    """``text`` in parts with a typeface each; characters without a glyph are replaced by readable ones.

    Raises FontError when the card's typeface cannot be used.
    """
    found: list[Run] = []
    for word in re.findall(r"\s+|\S+", _writable(text)):
        # A word looks best in one typeface.
        whole = _font_of(word)
        for part in [word] if whole else clusters(word):
            font = whole or _font_of(part)
            if font is None:
                part, font = substitute(part), fonts.font_file()
            if found and (found[-1].font == font or part.isspace()):
                found[-1] = Run(found[-1].text + part, found[-1].font)
            else:
                found.append(Run(part, font))
    return found


def width(text: str) -> float:
    """How wide ``text`` is in its typefaces, in units of the font size. Raises FontError."""
    return sum(fonts.width(run.text, run.font) for run in runs(text))


def clusters(text: str) -> Iterator[str]:
    """The parts of ``text`` that are written as one: a letter with its marks, or a joined emoji.

    Simpler than UAX #29 in that syllables of Indic scripts are cut between their consonants.
    """
    cluster = ""
    for character in text:
        joined = cluster.endswith(_ZWJ) and _is_pictured(character)
        flag = len(cluster) == 1 and _is_regional(cluster) and _is_regional(character)
        if cluster and not (joined or flag or _extends(character)):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def substitute(cluster: str) -> str:
    """Readable text for a cluster that no typeface writes: its plain form, its sound, or the name of the symbol."""
    plain = unicodedata.normalize("NFKD", cluster)
    for form in (unicodedata.normalize("NFC", plain), "".join(filter(_is_base, plain))):
        if form and form != cluster and fonts.can_write(form, fonts.font_file()):
            return form
    return "".join(_spoken(character) for character in cluster if not _is_ignorable(character))


def _spoken(character: str) -> str:
    name = unicodedata.name(character, "")
    if name.startswith("CJK ") or not name:
        return _UNKNOWN
    for words in _BEFORE_THE_SOUND:
        if words in name:
            return name.rpartition(words)[2].lower().replace(" ", "-")
    if unicodedata.category(character).startswith("M"):
        return ""
    if unicodedata.category(character).startswith("P"):
        return _POINT
    return f"({name.lower()})"


@lru_cache(maxsize=4096)
def _font_of(cluster: str) -> Path | None:
    """The first typeface that has all of a word or a cluster."""
    needed = "".join(character for character in cluster if not _is_ignorable(character))
    for font in fonts.fallbacks(fonts.font_file()):
        if fonts.can_write(needed, font):
            return font
    return None


def _writable(text: str) -> str:
    """``text`` in composed form without what XML forbids or what changes the direction."""
    composed = re.sub(r"\s", " ", unicodedata.normalize("NFC", text))
    return "".join(each for each in composed if is_visible(each) or each == " " or _extends(each))


def _joins(character: str) -> bool:
    return character in (_ZWNJ, _ZWJ) or "\U000e0020" <= character <= "\U000e007f"


def _extends(character: str) -> bool:
    skin = "\U0001f3fb" <= character <= "\U0001f3ff"
    return skin or _joins(character) or unicodedata.category(character).startswith("M")


def _is_base(character: str) -> bool:
    return not unicodedata.category(character).startswith("M")


def _is_ignorable(character: str) -> bool:
    """Whether it shapes its neighbours without a glyph of its own."""
    selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return selector or _joins(character)


def _is_pictured(character: str) -> bool:
    return unicodedata.category(character) in ("So", "Sm", "Cn")


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
