"""The card in other proportions: a story of 9:16 and a square, with the portrait large, for the networks of today.

Nothing is on them that the public card does not show: no birthday, no number.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from html import escape

from PIL import Image

from dormitory.card import fonts, words, writing
from dormitory.card.drawing import Card, Facts, data_uri, read_template, shades

WIDTH = 720
_GOLD, _PALE = "#f6dc92", "#c9c4e8"
_STARS = 90


@dataclass(frozen=True)
class Shape:
    """Where things are, for a width of 720: heights of the lines of text, and boxes as left, top and side.

    ``cloth``: the sides, the lower edge and the point of the house's cloth.
    """

    height: int
    frame: tuple[int, int, int]
    crest: tuple[int, int, int]
    cloth: tuple[int, int, int, int]
    name: int
    house: int
    school: int
    note: int


STORY = Shape(1280, (70, 150, 580), (285, 905, 150), (110, 610, 1090, 1150), 810, 868, 1198, 1232)
SQUARE = Shape(720, (155, 28, 410), (578, 40, 64), (66, 654, 584, 612), 500, 548, 652, 682)


class Poster(Card):
    """A card of a :class:`Shape`; :meth:`Card.with_portrait` adds the portrait. Raises FontError."""

    def __init__(self, facts: Facts, shape: Shape, width: int = WIDTH) -> None:
        self._font = fonts.font_file()
        self._family = fonts.family(self._font)
        school = words.in_each_language(words.SCHOOL)
        note = words.machine_made() if facts.moving else []
        written = writing.runs(" ".join([facts.fullname, facts.house, *school, *note]))
        self._files = list(dict.fromkeys([self._font, *(run.font for run in written)]))
        self._scale = width / WIDTH
        self._place = shape.frame
        self.size = (width, round(shape.height * self._scale / 2) * 2)
        picture = self._drawn(_ground(facts, shape), (WIDTH, shape.height))
        inside = shape.cloth[1] - shape.cloth[0] - 48
        text = self._text(
            facts.fullname, x=360, y=shape.name, size=60, width=inside, anchor="middle", fill=_GOLD
        )
        text += self._text(
            facts.house, x=360, y=shape.house, size=38, width=inside, anchor="middle", fill=_GOLD
        )
        text += self._text(
            school[0], x=360, y=shape.school, size=24, width=460, anchor="middle", fill=_PALE, weight=0
        )
        for line, sentence in enumerate(note):
            text += self._text(
                sentence,
                x=360,
                y=shape.note + 22 * line,
                size=16,
                width=460,
                anchor="middle",
                fill=_PALE,
                weight=0,
            )
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {shape.height}">'
            f'<g font-family="{escape(self._family)}">{text}</g></svg>'
        )
        picture.alpha_composite(self._drawn(svg, (WIDTH, shape.height)))
        self._bare = picture.convert("RGB").resize(self.size, Image.Resampling.LANCZOS)
        self._frame = self._drawn_frame()


def _ground(facts: Facts, shape: Shape) -> str:
    cloth, deep, _bright = shades(facts.colour)
    # The same stars on each card.
    draw = random.Random(7)
    stars = "".join(
        f'<circle cx="{draw.uniform(0, WIDTH):.0f}" cy="{draw.uniform(0, shape.height):.0f}"'
        f' r="{draw.choice((0.9, 1.3, 1.8))}" opacity="{draw.uniform(0.35, 0.9):.2f}"/>'
        for _ in range(_STARS)
    )
    left, right, edge, point = shape.cloth
    x, y, side = shape.crest
    return read_template("tall.svg").substitute(
        height=shape.height,
        house=cloth,
        house_deep=deep,
        stars=stars,
        left=left,
        right=right,
        edge=edge,
        point=point,
        crest=data_uri(facts.crest),
        crest_x=x,
        crest_y=y,
        crest_side=side,
    )
