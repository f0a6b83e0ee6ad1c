"""What pillow-heif's plug-in for Pillow hides: the EXIF data as they are, and values of more than 8 bits."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def heif_exif(data: bytes) -> bytes | None:
    """The EXIF data. The plug-in sets their orientation to 1 and prefers the one of the XMP data."""
    import pillow_heif

    exif: bytes | None = pillow_heif.open_heif(io.BytesIO(data)).info.get("exif")
    return exif


def decode_heif_rounded(data: bytes) -> Image.Image:
    """The main picture, RGB or RGBA, its values rounded to 8 bits.

    The plug-in truncates them, which shows where a curve as steep as PQ follows.
    """
    import pillow_heif

    heif = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    deep = np.asarray(heif)
    if deep.dtype == np.uint8:
        return Image.fromarray(deep)
    out = np.empty(deep.shape, np.uint8)
    for row, values in zip(out, deep, strict=True):
        row[:] = (values.astype(np.uint32) + 128) // 257
    return Image.fromarray(out)
