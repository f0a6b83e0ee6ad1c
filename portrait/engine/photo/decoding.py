"""Decoding of untrusted photo files: checks, then an upright sRGB picture without metadata. Imports no torch."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image

from portrait.engine.errors import PhotoError
from portrait.engine.photo.colour import flatten_alpha, to_eight_bits, to_srgb
from portrait.engine.photo.orientation import upright_transpose
from portrait.engine.photo.picture import STORED_SIDE, Picture, reduced
from portrait.engine.runtime.allocator import return_freed_memory

# About the size of a phone's largest JPEG.
MAX_BYTES = 10 * 1024 * 1024
# A JPEG is decoded at a fraction of its size, so that its pixels cost little.
MAX_PIXELS = 40_000_000
# The other formats are decoded at full size, with up to 18 bytes a pixel: 290 MB at this size. A 12 Mpx phone's
# photo fits.
MAX_PIXELS_UNSCALED = 16_000_000
# Enlarged to the model's 256 pixels, a smaller face would be blurred.
MIN_SIDE = 64
# The longest side of a phone's panorama.
MAX_SIDE = 12_000
# A picture beyond 6:1 is no portrait, and reduced to the working side it is too narrow for a face.
MAX_ASPECT = 6.0
# Larger pictures are reduced to this side while they are decoded: it is what is stored of them, and the face crop
# of 256 pixels keeps all its detail from a face of an eighth of the picture's height on. It takes 13 MB at most.
WORKING_SIDE = STORED_SIDE
# Pictures of more pixels than this, after the scaling of the decoder, are decoded one at a time in a process.
LARGE_PIXELS = 4_500_000

_JPEG, _PNG, _WEBP, _HEIF = "JPEG", "PNG", "WEBP", "HEIF"
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

_turn = threading.Lock()


@dataclass(frozen=True)
class PhotoLimits:
    """Limits of an accepted file, checked in its header before any pixel is decoded."""

    max_bytes: int = MAX_BYTES
    max_pixels: int = MAX_PIXELS
    max_pixels_unscaled: int = MAX_PIXELS_UNSCALED
    min_side: int = MIN_SIDE
    max_side: int = MAX_SIDE
    max_aspect: float = MAX_ASPECT
    working_side: int = WORKING_SIDE  # longest side of the returned picture


def read_photo(data: bytes, *, limits: PhotoLimits | None = None) -> Picture:
    """Decode an uploaded photo.

    JPEG, PNG and WebP, and HEIC where pillow-heif is installed; the first frame of an animation. The EXIF
    orientation is applied, an embedded ICC profile is converted to sRGB, transparency is composited over white, a
    picture longer than ``limits.working_side`` is reduced to it, and all metadata is dropped.

    Peak memory stays below about 300 MB for all threads of a process together: a large JPEG is reduced while it is
    decoded; the others are decoded at full size, HEIC with up to 8 bytes a pixel, PNG with 13, WebP with 18 for its
    two canvases, large ones one at a time.

    Returns uint8 (H, W, 3), RGB. Raises PhotoError with one of the codes ``photo_empty``,
    ``photo_too_large``, ``photo_unsupported_format``, ``photo_unreadable``, ``photo_too_many_pixels``,
    ``photo_too_small``, ``photo_too_elongated``.
    """
    limits = limits or PhotoLimits()
    if not data:
        raise PhotoError("The file is empty.", code="photo_empty")
    if len(data) > limits.max_bytes:
        megabytes = limits.max_bytes / 2**20
        raise PhotoError(f"The file is larger than {megabytes:g} MB.", code="photo_too_large")
    kind = _kind_of(data)
    try:
        # Only the decoder of the file's signature is run.
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            max_pixels = limits.max_pixels if kind == _JPEG else limits.max_pixels_unscaled
            _check_size(image.size, max_pixels, limits)
            if kind == _JPEG:
                # Decoded at a half, a quarter or an eighth of its size (DCT scaling). Three quarters of the working
                # side are accepted as close enough.
                scale = min(1.0, 0.75 * limits.working_side / max(image.size))
                image.draft(None, (math.ceil(image.width * scale), math.ceil(image.height * scale)))
            with _large_pictures(image.width * image.height):
                return np.array(_upright_rgb(image, limits.working_side), dtype=np.uint8)
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(limits.max_pixels, limits) from error
    except Exception as error:
        # A damaged file can raise OSError, SyntaxError, ValueError, struct.error, IndexError, MemoryError and more.
        raise PhotoError("The file is damaged or cut short.", code="photo_unreadable") from error


@contextmanager
def _large_pictures(pixels: int) -> Iterator[None]:
    """Holds the turn of a large picture while it is decoded, and returns its memory to the system afterwards."""
    if pixels <= LARGE_PIXELS:
        yield
        return
    with _turn:
        yield
        return_freed_memory()


def _kind_of(data: bytes) -> str:
    """The Pillow format of the file's signature. Raises PhotoError for any other."""
    if data.startswith(b"\xff\xd8\xff"):
        return _JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _PNG
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _WEBP
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS and _heif_is_readable():
        return _HEIF
    raise PhotoError(f"The file is not {accepted_formats()}.", code="photo_unsupported_format")


def accepted_formats() -> str:
    """The formats that can be decoded here, for messages."""
    return "a JPEG, PNG, WebP or HEIC picture" if _heif_is_readable() else "a JPEG, PNG or WebP picture"


def _heif_is_readable() -> bool:
    try:
        import pillow_heif
    except ImportError:
        return False
    # Thumbnails, depth and auxiliary images are not decoded: less code is exposed to untrusted data.
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return True


def _check_size(size: tuple[int, int], max_pixels: int, limits: PhotoLimits) -> None:
    width, height = size
    if width * height > max_pixels or max(size) > limits.max_side:
        raise _too_many_pixels(max_pixels, limits)
    if min(size) < limits.min_side:
        raise PhotoError(
            f"The picture has {width} x {height} pixels; each side needs at least {limits.min_side}.",
            code="photo_too_small",
        )
    if max(size) > limits.max_aspect * min(size):
        raise PhotoError(
            f"The picture is more than {limits.max_aspect:g} times as long as it is wide.",
            code="photo_too_elongated",
        )


def _too_many_pixels(max_pixels: int, limits: PhotoLimits) -> PhotoError:
    return PhotoError(
        f"The picture has more than {max_pixels / 1e6:g} million pixels"
        f" or a side longer than {limits.max_side} pixels.",
        code="photo_too_many_pixels",
    )


def _upright_rgb(image: Image.Image, working_side: int) -> Image.Image:
    # 1. Decode.
    image.load()

    # 2. Read profile and orientation now: the conversions below drop the metadata.
    profile = image.info.get("icc_profile")
    transpose = upright_transpose(image)

    # 3. Reduce before anything is copied. Palette indices and 16 bits are converted first: they cannot be averaged.
    image = reduced(to_eight_bits(image), working_side)

    # 4. Transparency, then colour space.
    image = to_srgb(flatten_alpha(image), profile)
    return image if transpose is None else image.transpose(transpose)
