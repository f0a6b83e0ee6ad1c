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
from portrait.engine.photo.av1_size import coded_sizes
from portrait.engine.photo.colour import flatten_alpha, to_eight_bits, to_srgb
from portrait.engine.photo.colour_space import colour_space
from portrait.engine.photo.cut_short import (
    check_jpeg_rows,
    closed_jpeg,
    jpeg_is_cut_short,
    load_rows,
    padded_webp,
)
from portrait.engine.photo.file_kinds import (
    AVIF,
    HEIF,
    JPEG,
    PNG,
    WEBP,
    accepted_formats,
    kind_of,
    with_known_brand,
)
from portrait.engine.photo.heif_file import decode_heif_rounded, heif_exif
from portrait.engine.photo.isobmff import Container, read_container
from portrait.engine.photo.orientation import upright_transpose
from portrait.engine.photo.picture import STORED_SIDE, Picture, reduced
from portrait.engine.photo.png_chunks import PngFile, read_png
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
    """Decode an uploaded photo: :func:`read_image` over white, as uint8 (H, W, 3), RGB.

    Raises PhotoError as :func:`read_image`.
    """
    return np.array(flatten_alpha(read_image(data, limits=limits)), dtype=np.uint8)


def read_image(data: bytes, *, limits: PhotoLimits | None = None) -> Image.Image:
    """Decode an uploaded picture to 8-bit sRGB: RGB, or RGBA where it has transparency.

    JPEG, PNG, WebP and AVIF, and HEIC where pillow-heif is installed; the first frame of an animation. It is turned
    upright as its EXIF data or its container says, converted from its colour space (``colour_space``), reduced to
    ``limits.working_side`` where it is longer, and loses all metadata. JPEG and PNG files that are cut short are read
    where most of their rows are there.

    Peak memory stays below about 300 MB for all threads of a process together: a large JPEG is reduced while it is
    decoded; the others are decoded at full size, HEIC with up to 8 bytes a pixel, PNG with 13, AVIF with 14, WebP
    with 18 for its two canvases, large ones one at a time.

    Raises PhotoError with one of the codes ``photo_empty``, ``photo_too_large``, ``photo_unsupported_format``,
    ``photo_unreadable``, ``photo_too_many_pixels``, ``photo_too_small``, ``photo_too_elongated``.
    """
    limits = limits or PhotoLimits()
    if not data:
        raise PhotoError("The file is empty.", code="photo_empty")
    if len(data) > limits.max_bytes:
        megabytes = limits.max_bytes / 2**20
        raise PhotoError(f"The file is larger than {megabytes:g} MB.", code="photo_too_large")
    container = read_container(data)
    kind = kind_of(data, container)
    cut_short = kind == JPEG and jpeg_is_cut_short(data)
    png = read_png(data) if kind == PNG else None
    if png is not None:
        data = png.data
    elif kind in (HEIF, AVIF):
        data = with_known_brand(data, kind)
    elif kind == WEBP:
        data = padded_webp(data)
    elif cut_short:
        data = closed_jpeg(data)
    try:
        # Only the decoder of the file's signature is run.
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            max_pixels = limits.max_pixels if kind == JPEG else limits.max_pixels_unscaled
            _check_size(image.size, max_pixels, limits)
            if kind == AVIF and container is not None:
                _check_frames(data, container, limits)
            if kind == JPEG:
                # Decoded at a half, a quarter or an eighth of its size (DCT scaling). Three quarters of the working
                # side are accepted as close enough.
                scale = min(1.0, 0.75 * limits.working_side / max(image.size))
                image.draft(None, (math.ceil(image.width * scale), math.ceil(image.height * scale)))
            exif = _exif(image, data, png, container)
            space = colour_space(image.info.get("icc_profile"), png, container)
            with _large_pictures(image.width * image.height):
                deep = kind == HEIF and space.is_hdr
                decoded = decode_heif_rounded(data) if deep else load_rows(image)
                if cut_short:
                    check_jpeg_rows(decoded)
                # Palette indices and 16 bits are converted before the reduction: they cannot be averaged. The
                # colour space is that of the file's own channels, grey or CMYK.
                upright = to_srgb(reduced(to_eight_bits(decoded), limits.working_side), space)
                transpose = upright_transpose(exif)
                return upright if transpose is None else upright.transpose(transpose)
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(limits.max_pixels, limits) from error
    except Exception as error:
        if kind == HEIF and "nsupported" in str(error):
            # A picture that others can open, with a feature that the decoder lacks.
            raise PhotoError(
                f"The file is not {accepted_formats()}.", code="photo_unsupported_format"
            ) from error
        # A damaged file can raise OSError, SyntaxError, ValueError, struct.error, IndexError, MemoryError and more.
        raise PhotoError("The file is damaged or cut short.", code="photo_unreadable") from error


def _exif(image: Image.Image, data: bytes, png: PngFile | None, container: Container | None) -> bytes | None:
    """The EXIF data that say how to turn what the decoder gives."""
    if png is not None:
        return png.exif
    if image.format == HEIF:
        if container is not None and container.turned:
            return None  # the decoder has done it
        return heif_exif(data)
    exif: bytes | None = image.info.get("exif")
    return exif


@contextmanager
def _large_pictures(pixels: int) -> Iterator[None]:
    """Holds the turn of a large picture while it is decoded, and returns its memory to the system afterwards."""
    if pixels <= LARGE_PIXELS:
        yield
        return
    with _turn:
        yield
        return_freed_memory()


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


def _check_frames(data: bytes, container: Container, limits: PhotoLimits) -> None:
    """The frames of an AVIF may be larger than the container says. Raises ValueError where no size is found."""
    # Items that share their bytes would be read again and again.
    coded = sum(end - start for parts in container.frames for start, end in parts)
    if not 0 < coded <= 2 * len(data):
        raise ValueError("no coded picture was found, or more of them than the file has room for")
    for parts in container.frames:
        for width, height in coded_sizes(b"".join(data[start:end] for start, end in parts)):
            if width * height > limits.max_pixels_unscaled or max(width, height) > limits.max_side:
                raise _too_many_pixels(limits.max_pixels_unscaled, limits)


def _too_many_pixels(max_pixels: int, limits: PhotoLimits) -> PhotoError:
    return PhotoError(
        f"The picture has more than {max_pixels / 1e6:g} million pixels"
        f" or a side longer than {limits.max_side} pixels.",
        code="photo_too_many_pixels",
    )
