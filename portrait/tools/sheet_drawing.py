"""What the sheets of the documentation share: the sample photo, and the drawing of tiles and labels."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from portrait.engine.motion import Motion
from portrait.engine.output.provenance import XMP_PACKET
from portrait.engine.photo.crop import FaceBox, crop_face
from portrait.engine.photo.face_detection import find_face
from portrait.engine.photo.picture import Picture
from portrait.engine.pipeline import Engine
from portrait.engine.request import DEFAULT_SIZE

LINE_HEIGHT = 20  # pixels of the row of headings
MARGIN = 64  # pixels of the column of labels
WEBP_QUALITY = 80
FONT_SIZE = 13
BACKGROUND, TEXT_COLOUR = (250, 247, 240), (60, 48, 40)


class Sheet:
    """A grid of square tiles with a row of headings above and a column of labels on the left."""

    def __init__(self, columns: int, rows: int, *, tile: int, margin: int = MARGIN) -> None:
        """``tile``: the side of a tile in pixels; ``margin``: the width of the labels."""
        self.tile, self.margin = tile, margin
        size = (margin + columns * tile, LINE_HEIGHT + rows * tile)
        self.image = Image.new("RGB", size, BACKGROUND)
        self.draw = ImageDraw.Draw(self.image)
        self.font = ImageFont.load_default(FONT_SIZE)

    def heading(self, column: int, text: str) -> None:
        """Write ``text`` above a column."""
        self._write(self.margin + column * self.tile + self.tile // 2, LINE_HEIGHT // 2, text)

    def label(self, row: int, *lines: str) -> None:
        """Write ``lines`` at the left of a row, broken between words where they are too long."""
        text = "\n".join(self._wrapped(line, self.margin - 12) for line in lines)
        self._write(self.margin // 2, LINE_HEIGHT + row * self.tile + self.tile // 2, text)

    def picture(self, row: int, column: int, picture: Picture) -> None:
        """Draw uint8 (H, W, 3), resampled to the tile."""
        tile = Image.fromarray(picture).resize((self.tile, self.tile), Image.Resampling.LANCZOS)
        self.image.paste(tile, (self.margin + column * self.tile, LINE_HEIGHT + row * self.tile))

    def webp(self) -> bytes:
        """The sheet as a WebP file with its provenance."""
        file = io.BytesIO()
        self.image.save(file, "WEBP", quality=WEBP_QUALITY, method=6, xmp=XMP_PACKET)
        return file.getvalue()

    def _write(self, x: int, y: int, text: str) -> None:
        """Write ``text``, centred on (x, y)."""
        self.draw.text((x, y), text, TEXT_COLOUR, self.font, anchor="mm", align="center")

    def _wrapped(self, text: str, width: int) -> str:
        """``text`` in lines of at most ``width`` pixels, broken between words."""
        lines: list[str] = []
        for word in text.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.draw.textlength(longer, self.font) <= width:
                lines[-1] = longer
            else:
                lines.append(word)
        return "\n".join(lines)


def sample_photo() -> Picture:
    """uint8 (512, 512, 3): scikit-image's astronaut (NASA, public domain)."""
    from skimage import data

    photo: Picture = data.astronaut()
    return photo


def detected_face(engine: Engine, photo: Picture) -> FaceBox:
    """The largest face of ``photo``, with the engine's detector. Raises NoFaceError."""
    return find_face(photo, checkpoints=engine.options.checkpoints, device=engine.device)


def face_crop(engine: Engine, photo: Picture) -> Picture:
    """The engine's source image of ``photo``, uint8 (S, S, 3) of the usual size. Raises NoFaceError."""
    return crop_face(photo, detected_face(engine, photo), DEFAULT_SIZE)


def animated(engine: Engine, source: Picture, motion: Motion) -> NDArray[np.uint8]:
    """All frames of a source, uint8 (S, S, 3), moved by ``motion`` and not painted: uint8 (T, S, S, 3)."""
    return np.stack(list(engine.animate(engine.subject(source), motion)))


def seconds_label(frame: int, motion: Motion) -> str:
    """The time of a frame, for a heading."""
    return f"{frame / motion.fps:.2f} s"
