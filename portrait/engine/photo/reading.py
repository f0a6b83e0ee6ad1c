"""Bytes from a stranger in, an upright sRGB picture out: decode, check, orient, forget the metadata.

Nothing here imports torch. Every refusal is a PhotoError with a code of its own.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from portrait.engine.errors import PhotoError

# A phone's largest JPEG is about this big; more only costs upload time and disk.
MAX_BYTES = 10 * 1024 * 1024
# 48 Mpx phones are common, 50 Mpx is the next round number.
MAX_PIXELS = 50_000_000
# No camera writes PNG or WebP, and their decoders need up to 18 bytes a pixel: 450 MB at this size.
MAX_PIXELS_PNG_WEBP = 25_000_000
# A face smaller than this cannot fill the model's 256 pixels with anything but blur.
MIN_SIDE = 64
# The longest side that a 50 Mpx camera or a phone's panorama gives; longer ones are made to hurt.
MAX_SIDE = 12_000
# Beyond 6:1 it is a banner or a strip, and what is left of it on the working side is too thin for a face.
MAX_ASPECT = 6.0
# Bigger pictures are reduced to this side at once: the face crop has 256 pixels, so that a face a twentieth as
# high as the picture still has all the detail that can be used, and a picture takes 50 MB at most.
WORKING_SIDE = 4096
# What is stored in place of the client's file: enough for the card and for making the portrait again.
STORED_SIDE = 2048
STORED_QUALITY = 92

WHITE = (255, 255, 255)

_JPEG, _PNG, _WEBP, _HEIF = "JPEG", "PNG", "WEBP", "HEIF"
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_EXIF_ORIENTATION = 0x0112
# EXIF 2.32, tag 0x0112: what has to be done to show the picture upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class PhotoLimits:
    """What is accepted; checked in the header, before a single pixel is decoded."""

    max_bytes: int = MAX_BYTES
    max_pixels: int = MAX_PIXELS
    max_pixels_png_webp: int = MAX_PIXELS_PNG_WEBP
    min_side: int = MIN_SIDE
    max_side: int = MAX_SIDE
    max_aspect: float = MAX_ASPECT
    working_side: int = WORKING_SIDE  # longest side of the picture that is handed on


def read_photo(data: bytes, *, limits: PhotoLimits | None = None) -> Picture:
    """Decode an uploaded photo.

    JPEG, PNG and WebP, and HEIC where pillow-heif is installed; of an animation, the first frame. The EXIF
    orientation is applied, an embedded ICC profile converted to sRGB, transparency laid on white, a picture
    longer than ``limits.working_side`` reduced to it, and all metadata dropped.

    Peak memory stays below about 500 MB: a big JPEG is reduced while it is decoded (DCT scaling); the others
    are decoded whole first, HEIC at up to 8 bytes a pixel, PNG at 13, WebP at 18 with its two canvases.

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
        # Only the one decoder whose signature the file carries ever sees the bytes.
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            max_pixels = limits.max_pixels_png_webp if kind in (_PNG, _WEBP) else limits.max_pixels
            _check_size(image.size, max_pixels, limits)
            return np.array(_upright_rgb(image, limits.working_side), dtype=np.uint8)
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(limits.max_pixels, limits) from error
    except Exception as error:
        # The decoders' faults on broken files are an open set: OSError, SyntaxError, ValueError,
        # struct.error, IndexError, MemoryError and more. To the sender they all mean the same.
        raise PhotoError("The file is damaged or cut short.", code="photo_unreadable") from error


def stored_size(image: Picture, max_side: int = STORED_SIDE) -> Picture:
    """uint8 (H, W, 3), reduced to at most ``max_side`` pixels long; the same array where it is no longer."""
    if max(image.shape[:2]) <= max_side:
        return image
    return np.array(_shrink(Image.fromarray(image), max_side), dtype=np.uint8)


def clean_jpeg(image: Picture, max_side: int = STORED_SIDE) -> bytes:
    """uint8 (H, W, 3) as a JPEG without metadata, at most ``max_side`` pixels long."""
    out = io.BytesIO()
    Image.fromarray(stored_size(image, max_side)).save(out, "JPEG", quality=STORED_QUALITY, optimize=True)
    return out.getvalue()


def centre_square(image: Picture, size: int) -> Picture:
    """The largest centred square of uint8 (H, W, 3), resampled to (size, size, 3); nothing is squashed."""
    height, width = image.shape[:2]
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    square = Image.fromarray(image[top : top + side, left : left + side])
    return np.array(square.resize((size, size), Image.Resampling.LANCZOS), dtype=np.uint8)


def _kind_of(data: bytes) -> str:
    """The Pillow format that the file's signature names."""
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
    """The formats that this machine reads, for people."""
    return "a JPEG, PNG, WebP or HEIC picture" if _heif_is_readable() else "a JPEG, PNG or WebP picture"


def _heif_is_readable() -> bool:
    try:
        import pillow_heif
    except ImportError:
        return False
    # Thumbnails, depth and auxiliary images are more code that a stranger's bytes would reach.
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
    # 1. Decode. JPEG can leave out the fine frequencies, so that a big photo never exists at full size; it goes
    #    by halves, and three quarters of the working side are near enough to stop at.
    if image.format in ("JPEG", "MPO"):
        scale = min(1.0, 0.75 * working_side / max(image.size))
        image.draft(None, (math.ceil(image.width * scale), math.ceil(image.height * scale)))
    image.load()

    # 2. Note what the file says about itself; reading on would lose it.
    profile = image.info.get("icc_profile")
    transpose = _UPRIGHT.get(_orientation(image))

    # 3. Reduce before anything is copied, unless averaging would mix palette indices or lose 16 bits.
    image = _eight_bits(image)
    image = _shrink(image, working_side)

    # 4. Colours: alpha on white, then to sRGB.
    image = _on_white(image)
    image = _to_srgb(image, profile)
    return image if transpose is None else image.transpose(transpose)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:
        # Malformed EXIF is common in the wild (editors, messengers), and no reason to refuse the picture.
        return 1


def _eight_bits(image: Image.Image) -> Image.Image:
    """Any mode to one of L, LA, RGB, RGBA, CMYK or YCbCr, which can be averaged."""
    if image.mode.startswith("I") or image.mode == "F":
        # Pillow would clip 16-bit grey to its lowest 255 levels.
        grey = np.clip(np.asarray(image, dtype=np.float32), 0, 65535)
        return Image.fromarray(np.rint(grey / 257).astype(np.uint8))
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("P", "LAB", "HSV", "RGBX"):
        return image.convert("RGB")
    return image


def _shrink(image: Image.Image, max_side: int) -> Image.Image:
    """At most ``max_side`` long, antialiased, aspect kept."""
    longest = max(image.size)
    if longest <= max_side:
        return image
    size = (max(1, round(image.width * max_side / longest)), max(1, round(image.height * max_side / longest)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        return image
    image = image.convert("RGBA")
    white = Image.new("RGB", image.size, WHITE)
    white.paste(image, mask=image.getchannel("A"))
    return white


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            # A broken profile, or one for other channels (an RGB profile in a grey file after editing):
            # the numbers alone are the best guess that is left.
            return image.convert("RGB")
    return image.convert("RGB")
