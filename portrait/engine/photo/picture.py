"""Decoded pictures: uint8 (H, W, 3) arrays in sRGB, their resampling, and the JPEG that is stored."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# What is stored in place of the client's file: enough for the card and for making the portrait again.
STORED_SIDE = 2048
STORED_QUALITY = 92

# Rows that are halved at a time.
_ROWS = 256

Picture = NDArray[np.uint8]


def stored_size(image: Picture, max_side: int = STORED_SIDE) -> Picture:
    """uint8 (H, W, 3), reduced so that no side exceeds ``max_side`` pixels; the same array where none does."""
    if max(image.shape[:2]) <= max_side:
        return image
    return np.array(reduced(Image.fromarray(image), max_side), dtype=np.uint8)


def clean_jpeg(image: Picture, max_side: int = STORED_SIDE) -> bytes:
    """uint8 (H, W, 3) as a JPEG without metadata, no side longer than ``max_side`` pixels."""
    out = io.BytesIO()
    Image.fromarray(stored_size(image, max_side)).save(out, "JPEG", quality=STORED_QUALITY)
    return out.getvalue()


def centre_square(image: Picture, size: int) -> Picture:
    """The largest centred square of uint8 (H, W, 3), resampled to (size, size, 3)."""
    height, width = image.shape[:2]
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    square = Image.fromarray(image[top : top + side, left : left + side])
    return np.array(square.resize((size, size), Image.Resampling.LANCZOS), dtype=np.uint8)


def scaled(image: Picture, scale: float) -> Picture:
    """uint8 (H, W, 3) resampled by the factor ``scale``, bicubic."""
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.array(resized, dtype=np.uint8)


def halved(image: Picture, factor: float) -> tuple[Picture, float]:
    """uint8 (H, W, 3), halved as often as it stays at least as large as ``factor`` times the original; and its scale.

    A tenth of the time of one reduction by area: halves are exact. A last odd row or column is left out.
    """
    scale = 1.0
    while scale >= 2 * factor and min(image.shape[:2]) >= 2:
        image = _half(image)
        scale /= 2
    return image, scale


def _half(image: Picture) -> Picture:
    """The means of 2 x 2 pixels, rounded; some rows at a time, which needs 18 MB less for 12 megapixels."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    half = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _ROWS):
        rows = image[2 * top : 2 * min(height, top + _ROWS), : 2 * width]
        pairs = rows[::2].astype(np.uint16)
        pairs += rows[1::2]
        # Colour by colour: NumPy's inner loops are then as long as a row, not as a pixel.
        for colour in range(3):
            total = pairs[:, ::2, colour] + pairs[:, 1::2, colour]
            total += 2
            half[top : top + _ROWS, :, colour] = total >> 2
    return half


def by_area(image: Picture, size: tuple[int, int]) -> Picture:
    """uint8 (H, W, 3) reduced to ``size`` (width, height): each pixel is the mean of the area that it covers."""
    width, height = size
    rows, columns = _coverage(image.shape[0], height), _coverage(image.shape[1], width)
    down = (rows @ image.reshape(len(image), -1).astype(np.float32)).reshape(height, -1, 3)
    across = columns @ down.transpose(1, 0, 2).reshape(image.shape[1], -1)
    return np.rint(across).astype(np.uint8).reshape(width, height, 3).transpose(1, 0, 2)


def larger(image: Picture, size: tuple[int, int]) -> Picture:
    """uint8 (H, W, 3) enlarged to ``size`` (width, height), bilinear."""
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


def _coverage(many: int, few: int) -> NDArray[np.float32]:
    """The share of each of ``many`` pixels in each of ``few``, float (few, many); the rows' sums are 1."""
    edges = np.arange(few + 1) * (many / few)
    starts = np.arange(many)
    ends = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    return np.asarray(np.maximum(ends, 0) * (few / many), np.float32)


def reduced(image: Image.Image, max_side: int) -> Image.Image:
    """The image with no side longer than ``max_side``, antialiased, the aspect ratio kept."""
    longest = max(image.size)
    if longest <= max_side:
        return image
    size = (max(1, round(image.width * max_side / longest)), max(1, round(image.height * max_side / longest)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
