"""Validation sheets: what a network in training does, to be looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from portrait.engine.fomm.keypoints import Keypoints
from portrait.training.clips import Faces

SHOWN = 16  # frames of a sheet
COLUMNS = 4


def to_pixels(pictures: Tensor) -> NDArray[np.uint8]:
    """float (B, 3, H, W) in 0..1 -> uint8 (B, H, W, 3)."""
    scaled = (pictures.clamp(0, 1) * 255).round().byte()
    array: NDArray[np.uint8] = scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return array


def write_grid(path: Path, rows: list[list[NDArray[np.uint8]]]) -> None:
    """Rows of pictures of one size, side by side, as a PNG."""
    Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in rows])).save(path)


def spread(count: int, shown: int) -> list[int]:
    """Up to ``shown`` of ``count`` indices, evenly."""
    return [int(index) for index in np.unique(np.linspace(0, count - 1, min(shown, count)).round())]


def draw_keypoints(path: Path, faces: Faces, found: Keypoints) -> None:
    """Frames with the landmarks' keypoints (green) and those that were found (red), each with its frame's axes."""
    truth = faces.keypoints
    tiles = []
    for index in spread(len(faces), SHOWN):
        image = Image.fromarray(faces.frames[index].permute(1, 2, 0).numpy()).resize((384, 384))
        draw = ImageDraw.Draw(image)
        for keypoints, colour in ((truth, (40, 220, 60)), (found, (240, 50, 40))):
            assert keypoints.jacobian is not None
            for value, jacobian in zip(keypoints.value[index], keypoints.jacobian[index], strict=True):
                x, y = ((value + 1) * 192).tolist()
                for axis in (jacobian * 18).T.tolist():
                    draw.line((x, y, x + axis[0], y + axis[1]), fill=colour, width=2)
        tiles.append(np.asarray(image))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    write_grid(path, [tiles[start : start + COLUMNS] for start in range(0, len(tiles), COLUMNS)])


def as_pictures(frames: Tensor) -> Tensor:
    """uint8 (B, 3, H, W) -> float32 in 0..1."""
    return frames.to(torch.float32) / 255
