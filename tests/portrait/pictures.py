"""Photographs for the tests, and files made from them: one for each way in which a picture can be bad."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from typing import Any

import numpy as np
from PIL import Image
from skimage import data

from portrait.engine.photo.picture import Picture


@cache
def astronaut() -> Picture:
    """uint8 (512, 512, 3): one face, looking into the camera."""
    return np.ascontiguousarray(data.astronaut())


def encoded(image: Image.Image | Picture, kind: str, **options: Any) -> bytes:
    """The picture as a file of that kind."""
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def resized(image: Picture, width: int, height: int) -> Picture:
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a large picture."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = png_chunk(b"IDAT", zlib.compress(b"\0" * 100)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + body


def png_with_text_bomb(picture: Picture) -> bytes:
    """A PNG with a compressed text chunk of a few kilobytes that unpacks to 64 megabytes."""
    file = encoded(picture, "PNG")
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * (64 << 20), 9))
    return file[:33] + bomb + file[33:]


def exif_orientation(value: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()
