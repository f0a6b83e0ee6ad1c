"""The icons of the installed app: PNG files, drawn from the page's own drawing of a candle in a golden frame."""

from __future__ import annotations

import re
from pathlib import Path

from resvg_py import svg_to_bytes

from common.web_app import COLOUR, ICONS

DRAWING = "favicon.svg"
# Systems cut a maskable icon to a circle of four fifths of its side at least (W3C manifest, "icon masks"); the frame
# is 60 of the drawing's 64 units high.
MASKABLE_SCALE = 0.8
_INNER = re.compile(r"<svg[^>]*>(?P<inner>.*)</svg>", re.DOTALL)


def svg(art: Path, purpose: str) -> str:
    """The icon as SVG in a square of 64 units: as it is, or smaller on the page's night for ``maskable``."""
    drawing = (art / DRAWING).read_text(encoding="utf-8")
    if purpose != "maskable":
        return drawing
    match = _INNER.search(drawing)
    assert match is not None
    margin = 32 * (1 - MASKABLE_SCALE)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
        f'<path fill="{COLOUR}" d="M0 0h64v64H0z"/>'
        f'<g transform="translate({margin:g} {margin:g}) scale({MASKABLE_SCALE:g})">{match["inner"]}</g></svg>'
    )


def draw(art: Path) -> dict[str, bytes]:
    """The PNG files by name, from the drawing in the folder ``art``."""
    return {
        name: bytes(svg_to_bytes(svg_string=svg(art, purpose), width=side, height=side))
        for name, side, purpose in ICONS
    }
