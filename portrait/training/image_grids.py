"""Image tensors, and grids of them for validation sheets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor


def to_uint8_images(images: Tensor) -> NDArray[np.uint8]:
    """float (B, 3, H, W) in 0..1 -> uint8 (B, H, W, 3), clamped and rounded."""
    scaled = (images.clamp(0, 1) * 255).round().byte()
    array: NDArray[np.uint8] = scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return array


def to_float_images(images: NDArray[np.uint8]) -> Tensor:
    """uint8 (B, H, W, 3) -> float32 (B, 3, H, W) in 0..1."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 255


def write_image_grid(path: Path, rows: list[list[NDArray[np.uint8]]]) -> None:
    """Write rows of uint8 (H, W, 3) images of one size as one PNG."""
    Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in rows])).save(path)


def evenly_spaced(count: int, most: int) -> list[int]:
    """At most ``most`` of the indices 0..``count`` - 1, evenly spaced, the first and the last included."""
    return [int(index) for index in np.unique(np.linspace(0, count - 1, min(most, count)).round())]


def write_row_sheet(path: Path, rows: Tensor, most: int) -> None:
    """Write at most ``most`` of the images (N, 3, H, W) in 0..1, evenly spaced, below each other as a PNG."""
    chosen = to_uint8_images(rows[evenly_spaced(len(rows), most)])
    write_image_grid(path, [[image] for image in chosen])
