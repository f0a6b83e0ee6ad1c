"""Conversion of any Pillow image to 8-bit sRGB without transparency."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

WHITE = (255, 255, 255)


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Convert any mode to one of L, LA, RGB, RGBA, CMYK or YCbCr, whose values can be averaged."""
    if image.mode.startswith("I") or image.mode == "F":
        # Pillow's own conversion of 16-bit grey clips at 255.
        grey = np.clip(np.asarray(image, dtype=np.float32), 0, 65535)
        return Image.fromarray(np.rint(grey / 257).astype(np.uint8))
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        return image.convert("RGBA")
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


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert from an ICC profile to sRGB, mode RGB. Without a usable profile the values are taken for sRGB."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            # The profile is damaged, or for other channels: an RGB profile in a grey file, after editing.
            return image.convert("RGB")
    return image.convert("RGB")
