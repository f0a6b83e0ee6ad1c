"""A small visible sign, in a corner of every frame, that the picture was made by a machine."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

TEXT = "AI"
# Sizes are fractions of the frame's shorter side.
HEIGHT = 1 / 15
MIN_HEIGHT = 9  # pixels; below that the letters run together
MARGIN = 1 / 36
# Light letters on a dark glass: the glass keeps them legible on snow, the bright rim on a night sky.
GLASS = (18, 20, 28, 140)
RIM = (255, 255, 255, 90)
LETTERS = (255, 255, 255, 235)
# Drawn this much larger and averaged down, because Pillow does not antialias shapes.
_OVERSAMPLING = 8


def stamp(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy of uint8 (N, H, W, 3) with the mark in its lower right corner, the same pixels in every frame."""
    marked = frames.copy()
    height, width = frames.shape[1:3]
    colour, alpha = _pill(min(height, width))
    margin = round(MARGIN * min(height, width))
    bottom, right = height - margin, width - margin
    corner = marked[:, bottom - alpha.shape[0] : bottom, right - alpha.shape[1] : right]
    corner[:] = np.rint(corner * (1 - alpha) + colour).astype(np.uint8)
    return marked


@lru_cache(maxsize=4)
def _pill(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mark for frames of that shorter side: colour (h, w, 3) times alpha, and alpha (h, w, 1) in 0..1."""
    height = max(MIN_HEIGHT, round(HEIGHT * side))
    large = height * _OVERSAMPLING
    font = ImageFont.load_default(size=large * 0.68)
    left, top, right, bottom = font.getbbox(TEXT)
    width = height * max(1, round((right - left) / large + 0.85, 1))
    picture = Image.new("RGBA", (round(width) * _OVERSAMPLING, large))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle(
        (0, 0, picture.width - 1, large - 1), radius=large / 2, fill=GLASS, outline=RIM, width=_OVERSAMPLING
    )
    draw.text(
        ((picture.width - left - right) / 2, (large - top - bottom) / 2),
        TEXT,
        font=font,
        fill=LETTERS,
    )
    small = picture.resize((round(width), height), Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float32)
    alpha = pixels[..., 3:] / np.float32(255)
    return pixels[..., :3] * alpha, alpha
