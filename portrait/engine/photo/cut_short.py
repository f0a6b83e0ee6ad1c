"""Files that end too early: read as viewers show them where most of their rows are there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from portrait.engine.errors import PhotoError
from portrait.engine.photo.colour import to_eight_bits

# Of the rows; with fewer the face is hardly in the picture.
MOST_ROWS = 0.5

_END_OF_IMAGE, _START_OF_SCAN = b"\xff\xd9", b"\xff\xda"
_GREY = 128
_GREY_PIXELS: dict[str, int | tuple[int, ...]] = {
    "L": 128,
    "LA": (128, 255),
    "RGB": (128, 128, 128),
    "RGBA": (128, 128, 128, 255),
}


def jpeg_is_cut_short(data: bytes) -> bool:
    """Whether the end marker is missing. Within a scan its two bytes cannot occur."""
    return data.rfind(_END_OF_IMAGE) < data.rfind(_START_OF_SCAN)


def closed_jpeg(data: bytes) -> bytes:
    """The JPEG with an end marker: its decoder then gives grey for what is missing."""
    return data + _END_OF_IMAGE


def check_jpeg_rows(image: Image.Image) -> None:
    """Raises PhotoError ``photo_unreadable`` where most rows of a decoded, closed JPEG are missing."""
    pixels = np.asarray(image)
    flat = (pixels == _GREY) | (pixels == _GREY - 1)  # the second in CMYK, which is stored inverted
    _check(np.all(flat.reshape(len(pixels), -1), axis=1))


def padded_webp(data: bytes) -> bytes:
    """The WebP with zeros for its last bytes, where most are there; else as it is.

    The decoder takes no file that is cut short. It decodes zeros to smears of the last rows that are there.
    """
    whole = 8 + int.from_bytes(data[4:8], "little")
    return data + bytes(whole - len(data)) if MOST_ROWS * whole <= len(data) < whole else data


def load_rows(image: ImageFile.ImageFile) -> Image.Image:
    """The decoded ``image``; rows that are missing at its end are grey.

    Raises PhotoError ``photo_unreadable`` where most are missing, and the decoder's error where there is no row.
    """
    try:
        image.load()
    except OSError:
        # The decoder stops with an error and leaves the rows that it has decoded. Those of an interlaced picture are
        # spread over it.
        if image.info.get("interlace") or getattr(image, "_im", None) is None:
            raise
        image.tile = []
        pixels = np.asarray(image)
        missing = _check(~np.any(pixels.reshape(len(pixels), -1), axis=1))
        rows = to_eight_bits(image)
        rows.paste(_GREY_PIXELS[rows.mode], (0, image.height - missing, *image.size))
        return rows
    return image


def _check(missing: NDArray[np.bool_]) -> int:
    """How many rows are missing at the end."""
    count = int(np.argmin(missing[::-1])) if not missing.all() else len(missing)
    there = 1 - count / len(missing)
    if there < MOST_ROWS:
        raise PhotoError(
            f"The file is cut short: only {there:.0%} of the picture is there.", code="photo_unreadable"
        )
    return count
