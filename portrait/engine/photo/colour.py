"""Conversion of any Pillow image from its colour space to 8-bit sRGB."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from portrait.engine.photo.colour_space import HLG, PQ, SRGB, SRGB_PRIMARIES, ColourSpace, Primaries, Transfer

WHITE = (255, 255, 255)

# The brightness of white in a picture of high dynamic range, in candela per square metre (ITU-R BT.2408).
HDR_WHITE = 203.0
# What is brighter than this part of white is compressed, so that highlights keep a shape.
_KNEE = 0.8
# Rows that are converted together: their floating-point values take a few megabytes.
_ROWS = 128
_LEVELS = 1 << 14

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

Floats = NDArray[np.float32]


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Convert any mode to one of L, LA, RGB, RGBA, CMYK or YCbCr, whose values can be averaged."""
    if image.mode.startswith("I") or image.mode == "F":
        # Pillow's own conversion of 16-bit grey clips at 255.
        grey = np.clip(np.asarray(image, dtype=np.float32), 0, 65535)
        eight = Image.fromarray(np.rint(grey / 257).astype(np.uint8))
        transparent = image.info.get("transparency")
        if isinstance(transparent, int):
            eight.putalpha(Image.fromarray(np.where(grey == transparent, 0, 255).astype(np.uint8)))
        return eight
    if image.mode == "L" and isinstance(image.info.get("transparency"), int):
        return image.convert("LA")
    if "transparency" in image.info or image.mode in ("PA", "RGBa"):
        return image.convert("RGBA")
    if image.mode == "La":
        return image.convert("LA")
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("P", "LAB", "HSV", "RGBX"):
        return image.convert("RGB")
    return image


def flatten_alpha(image: Image.Image) -> Image.Image:
    """Composite an image with an alpha channel over white; others are returned unchanged."""
    if image.mode not in ("LA", "RGBA"):
        return image
    image = image.convert("RGBA")
    white = Image.new("RGB", image.size, WHITE)
    white.paste(image, mask=image.getchannel("A"))
    return white


def to_srgb(image: Image.Image, space: ColourSpace) -> Image.Image:
    """Convert what :func:`to_eight_bits` returns to sRGB: RGB, or RGBA where it has transparency.

    High dynamic range is mapped to standard range. A profile that is damaged or for other channels is ignored.
    """
    if image.mode in ("LA", "RGBA"):
        opaque = image.convert(image.mode[:-1])
        converted = to_srgb(opaque, space)
        converted.putalpha(image.getchannel("A"))
        return converted
    if space.profile:
        return _by_profile(image, space.profile)
    image = image.convert("RGB")
    return image if space.is_srgb else _by_primaries(image, space)


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() == "RGB" and image.mode in ("L", "YCbCr"):
            # The profile of a colour picture that was made grey.
            image = image.convert("RGB")
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        if converted is not None:
            return converted
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        pass
    return image.convert("RGB")


def _by_primaries(image: Image.Image, space: ColourSpace) -> Image.Image:
    pixels = np.asarray(image)
    light = _linear_levels(space.transfer, narrow=space.narrow)
    matrix = _matrix_to_srgb(space.primaries)
    out = np.empty_like(pixels)
    for start in range(0, len(pixels), _ROWS):
        linear = light[pixels[start : start + _ROWS]]
        if space.transfer == HLG:
            linear = _hlg_display(linear, space.primaries)
        linear = linear @ matrix.T
        if space.is_hdr:
            linear = _tone_mapped(linear)
        out[start : start + _ROWS] = _srgb_levels()[np.rint(np.clip(linear, 0, 1) * _LEVELS).astype(np.int32)]
    return Image.fromarray(out)


@lru_cache(maxsize=8)
def _linear_levels(transfer: Transfer, *, narrow: bool) -> Floats:
    """Float32 (256,): the light of each stored value, 1 for white; for HLG that of the scene, up to 1."""
    values = np.arange(256, dtype=np.float64)
    signal = np.clip((values - 16) / 219, 0, 1) if narrow else values / 255
    if transfer == PQ:  # SMPTE ST 2084
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        power = signal ** (1 / m2)
        light = 10_000 / HDR_WHITE * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    elif transfer == HLG:  # ITU-R BT.2100
        a = 0.17883277
        b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
        light = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    elif transfer == SRGB:  # IEC 61966-2-1
        light = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    else:
        light = signal ** float(transfer)
    return light.astype(np.float32)


@lru_cache(maxsize=1)
def _srgb_levels() -> NDArray[np.uint8]:
    """uint8 (_LEVELS + 1,): the sRGB value of light between 0 and 1."""
    light = np.arange(_LEVELS + 1) / _LEVELS
    signal = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(signal * 255).astype(np.uint8)


def _hlg_display(scene: Floats, primaries: Primaries) -> Floats:
    """The light of a display of 1000 cd/m2, of which HDR_WHITE is 1 (BT.2100, system gamma 1.2)."""
    luminance = scene @ _to_xyz(primaries)[1]
    return scene * (1000 / HDR_WHITE * np.maximum(luminance, 1e-6) ** 0.2)[..., None].astype(np.float32)


def _tone_mapped(linear: Floats) -> Floats:
    """Compress what is brighter than the knee into the rest below 1; the hue is kept."""
    brightest = np.maximum(linear.max(-1, keepdims=True), 1e-6)
    over = np.maximum(brightest - _KNEE, 0) / (1 - _KNEE)
    return linear * np.where(over > 0, (_KNEE + (1 - _KNEE) * np.tanh(over)) / brightest, 1).astype(
        np.float32
    )


@lru_cache(maxsize=16)
def _matrix_to_srgb(primaries: Primaries) -> Floats:
    """Float32 (3, 3): linear values of ``primaries`` to linear sRGB, adapted to its white (Bradford)."""
    here, there = (_BRADFORD @ _white_xyz(colours) for colours in (primaries, SRGB_PRIMARIES))
    adapt = np.linalg.inv(_BRADFORD) @ np.diag(there / here) @ _BRADFORD
    return (np.linalg.inv(_to_xyz(SRGB_PRIMARIES)) @ adapt @ _to_xyz(primaries)).astype(np.float32)


def _to_xyz(primaries: Primaries) -> NDArray[np.float64]:
    """Float64 (3, 3): linear values to CIE XYZ."""
    corners = np.array([_xyz(primaries[i], primaries[i + 1]) for i in (0, 2, 4)]).T
    return corners * np.linalg.solve(corners, _white_xyz(primaries))


def _white_xyz(primaries: Primaries) -> NDArray[np.float64]:
    return _xyz(primaries[6], primaries[7])


def _xyz(x: float, y: float) -> NDArray[np.float64]:
    """The colour of luminance 1 with a chromaticity."""
    return np.array([x / y, 1.0, (1 - x - y) / y])
