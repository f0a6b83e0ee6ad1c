"""The student card as a picture: ``card.svg``, a student's words and portrait, ``frame.svg``; drawn by resvg.

All sizes are pixels of a card of full size, 1200 x 756: the proportions of a bank card (ISO/IEC 7810, ID-1).
"""

from __future__ import annotations

import base64
import colorsys
import datetime
import hashlib
import io
import threading
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

import resvg_py
from PIL import Image, ImageDraw

from dormitory.card import fonts, words, writing

WIDTH, HEIGHT = 1200, 756
# Where the frame lies on the card, and the portrait's window in the frame.
FRAME = (58, 86, 360)
WINDOW = (30, 300)

_HERE = Path(__file__).parent
_NAME_WIDTH = 498
_NAME_SIZES = (64.0, 40.0)  # the largest, and that below which a name is set in two lines
_NAME_TWO_LINES = 43.0
_INK = "#2a1c10"
# The greatest HSL lightness (0 to 1) of a banner on which gold letters have enough contrast.
_BANNER_LIGHTNESS = 0.3
# A school has few houses; each drawing takes four megabytes.
_MAX_ART = 8
_ART: dict[tuple[str, str, bytes, Path], Image.Image] = {}
# Several threads may ask for the first card of a house at once.
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Facts:
    """The data on the card; an unknown date is shown as a dash."""

    fullname: str
    number: str
    birthday: datetime.date | None
    birthday_secret: bool  # as on a card that strangers see
    join_date: datetime.date | None
    house: str
    colour: str  # #rrggbb
    crest: bytes  # an SVG, or a picture of another kind
    moving: bool  # painted and animated by a machine, which the card says


class Card:
    """A card without its portrait; :meth:`with_portrait` adds one, at a fraction of the cost of the drawing.

    Raises FontError when the typeface is missing or unusable.
    """

    def __init__(self, facts: Facts, width: int = WIDTH) -> None:
        self._font = fonts.font_file()
        self._family = fonts.family(self._font)
        # Those of other scripts are read only for names that need them.
        written = writing.runs(f"{facts.fullname} {facts.house}")
        self._files = list(dict.fromkeys([self._font, *(run.font for run in written)]))
        card = self._art(facts)
        card.alpha_composite(self._drawn(self._words(facts), (WIDTH, HEIGHT)))
        # H.264 takes even sides only.
        self.size = (width, round(HEIGHT * width / WIDTH / 2) * 2)
        self._scale = width / WIDTH
        self._bare = card.convert("RGB").resize(self.size, Image.Resampling.LANCZOS)
        self._place = FRAME
        self._frame = self._drawn_frame()

    def with_portrait(self, portrait: Image.Image) -> Image.Image:
        """The whole card, RGB, with any square picture in the window."""
        unit = self._place[2] / FRAME[2] * self._scale
        left, side = (round(value * unit) for value in WINDOW)
        hung = Image.new("RGBA", self._frame.size)
        hung.paste(portrait.convert("RGB").resize((side, side), Image.Resampling.LANCZOS), (left, left))
        hung.alpha_composite(self._frame)
        card = self._bare.copy()
        card.paste(hung, (round(self._place[0] * self._scale), round(self._place[1] * self._scale)), hung)
        return card

    def _drawn_frame(self) -> Image.Image:
        side = round(self._place[2] * self._scale)
        return self._drawn(read_template("frame.svg").template, (side, side))

    def _art(self, facts: Facts) -> Image.Image:
        """What all cards of one house share, RGBA. Blurs and grain take a second, so it is cached."""
        key = (facts.house, facts.colour, hashlib.sha256(facts.crest).digest(), self._font)
        with _LOCK:
            if key not in _ART:
                cloth, deep, bright = shades(facts.colour)
                banner = self._text(
                    facts.house, x=238, y=556, size=40, width=270, anchor="middle", fill="#f6dc92"
                )
                svg = read_template("card.svg").substitute(
                    font=escape(self._family),
                    house=cloth,
                    house_deep=deep,
                    house_bright=bright,
                    house_name=f'<g font-family="{escape(self._family)}">{banner}</g>',
                    crest=data_uri(facts.crest),
                    **{name: escape(text) for name, text in words.printed().items()},
                )
                while len(_ART) >= _MAX_ART:
                    _ART.pop(next(iter(_ART)))
                _ART[key] = self._drawn(svg, (WIDTH, HEIGHT))
            return _ART[key].copy()

    def _drawn(self, svg: str, size: tuple[int, int]) -> Image.Image:
        try:
            png = resvg_py.svg_to_bytes(
                svg_string=svg,
                width=size[0],
                height=size[1],
                # The same card on each machine.
                skip_system_fonts=True,
                font_files=[str(path) for path in self._files],
                font_family=self._family,
            )
        except BaseException as error:
            # A fault inside of resvg, which would end the thread: it is no Exception.
            if type(error).__name__ != "PanicException":
                raise
            raise fonts.FontError(f"resvg cannot draw the text ({error})") from error
        with Image.open(io.BytesIO(bytes(png))) as picture:
            return picture.convert("RGBA")

    def _words(self, facts: Facts) -> str:
        """The text of this student's card."""
        fields = (
            (584, 484, words.secret() if facts.birthday_secret else _day(facts.birthday)),
            (834, 484, facts.number),
            (584, 580, _day(facts.join_date)),
            (834, 580, facts.house),
        )
        written = "".join(self._text(text, x=x, y=y, size=27, width=240) for x, y, text in fields)
        note = _machine_note() if facts.moving else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
            f'<g font-family="{escape(self._family)}">{self._name(facts.fullname)}{written}{note}</g></svg>'
        )

    def _name(self, name: str) -> str:
        """One line as large as fits, or two where that would be small."""
        largest, smallest = _NAME_SIZES
        size = min(largest, _NAME_WIDTH / max(writing.width(name), 0.01))
        if size >= smallest or len(lines := _halves(name)) < 2:
            return self._text(name, x=582, y=376, size=size, width=_NAME_WIDTH, weight=1.2)
        return "".join(
            self._text(line, x=582, y=y, size=_NAME_TWO_LINES, width=_NAME_WIDTH, weight=1.0)
            for line, y in zip(lines, (343, 396), strict=True)
        )

    def _text(
        self,
        text: str,
        *,
        x: int,
        y: int,
        size: float,
        width: float,
        anchor: str = "start",
        fill: str = _INK,
        weight: float = 0.5,
    ) -> str:
        """One line, smaller where it would be wider than ``width``. A thin outline makes the typeface bolder."""
        runs = writing.runs(text)
        widths = [fonts.width(run.text, run.font) for run in runs]
        size = min(size, width / max(sum(widths), 0.01))
        start = x - size * sum(widths) / 2 if anchor == "middle" else float(x)
        style = f'fill="{fill}" stroke="{fill}" stroke-width="{weight}"'
        drawn = ""
        # An element for each typeface: resvg gives up on some texts in several.
        for run, part in zip(runs, widths, strict=True):
            drawn += (
                f'<text x="{start:.1f}" y="{y}" font-size="{size:.1f}" font-family="{escape(run.family)}"'
                f' xml:space="preserve" {style}>{escape(run.text)}</text>'
            )
            start += size * part
        return drawn


def placeholder(colour: str, side: int) -> Image.Image:
    """The picture of a student without one: the outline of a head on the house's colour, ``side`` pixels square."""
    _cloth, deep, _bright = shades(colour)
    ground = Image.new("RGB", (side * 4, side * 4), deep)
    draw = ImageDraw.Draw(ground)
    draw.ellipse([side * part for part in (1.3, 0.9, 2.7, 2.5)], fill="#12122a")
    draw.ellipse([side * part for part in (0.6, 2.7, 3.4, 5.6)], fill="#12122a")
    # Pillow does not antialias shapes.
    return ground.resize((side, side), Image.Resampling.LANCZOS)


def _machine_note() -> str:
    lines = "".join(
        f'<text x="584" y="{632 + 20 * line}">{escape(text)}</text>'
        for line, text in enumerate(words.machine_made())
    )
    return f'<g font-size="13.5" fill="#6b4f26">{lines}</g>'


def read_template(name: str) -> Template:
    return Template((_HERE / name).read_text(encoding="utf-8"))


def _halves(name: str) -> list[str]:
    """The name in two lines: at the space nearest to the middle, else, for a long one, in the middle."""
    spaces = [place for place, character in enumerate(name) if character == " "]
    if spaces:
        place = min(spaces, key=lambda place: abs(place - len(name) / 2))
        return [name[:place], name[place + 1 :]]
    letters = list(writing.clusters(name))
    middle = (len(letters) + 1) // 2
    return ["".join(part) for part in (letters[:middle], letters[middle:]) if part]


def _day(day: datetime.date | None) -> str:
    """A date in the Korean format: ``2005. 2. 13.``"""
    return f"{day.year}. {day.month}. {day.day}." if day else "–"


def shades(colour: str) -> tuple[str, str, str]:
    """``#rrggbb`` as the colour of a banner with legible gold letters, and a darker and a lighter shade."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    lightness = min(lightness, _BANNER_LIGHTNESS)

    def shade(lightness: float) -> str:
        channels = colorsys.hls_to_rgb(hue, lightness, saturation)
        return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)

    return shade(lightness), shade(lightness * 0.5), shade(lightness * 1.5 + 0.08)


def data_uri(crest: bytes) -> str:
    """The crest for an ``<image>``. A raster image is converted to PNG."""
    kind = "svg+xml"
    if not crest.lstrip().startswith(b"<"):
        out = io.BytesIO()
        with Image.open(io.BytesIO(crest)) as picture:
            picture.convert("RGBA").save(out, "PNG")
        crest, kind = out.getvalue(), "png"
    return f"data:image/{kind};base64,{base64.b64encode(crest).decode()}"
