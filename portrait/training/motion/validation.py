"""Validation on held-out people: fixed pairs of frames, mean metrics, and the keypoint sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from portrait.engine.fomm.keypoints import Keypoints
from portrait.training.image_grids import evenly_spaced, write_image_grid
from portrait.training.motion.dataset import FaceFrames
from portrait.training.motion.image_losses import ssim

SHEET_FRAMES = 16
SHEET_COLUMNS = 4
TILE_SIDE = 384  # pixels
AXIS_LENGTH = 18  # pixels of a keypoint's axes for an identity Jacobian
TARGET_COLOUR, DETECTED_COLOUR = (40, 220, 60), (240, 50, 40)


class ValidationPairs:
    """Pairs of each clip's first frame, the source, and later frames, evenly spaced, as driving frames."""

    def __init__(self, faces: FaceFrames, frames_per_clip: int) -> None:
        source, driving = [], []
        for clip in range(len(faces.people)):
            members = torch.nonzero(faces.clip == clip)[:, 0]
            last = len(members) - 1
            chosen = members[torch.linspace(1, last, min(frames_per_clip, last)).round().long()]
            source += [int(members[0])] * len(chosen)
            driving += chosen.tolist()
        self.faces = faces
        # Indices of the pairs' frames in ``faces``: int64 (N,).
        self.source, self.driving = torch.tensor(source), torch.tensor(driving)

    def __len__(self) -> int:
        return len(self.source)

    def batch(self, begin: int, size: int) -> tuple[Tensor, Tensor, Keypoints, Keypoints]:
        """Source and driving frames, float32 (B, 3, 256, 256) in 0..1, and the keypoints of their landmarks."""
        source, driving = self.source[begin : begin + size], self.driving[begin : begin + size]
        frames, keypoints = self.faces.frames, self.faces.keypoints
        return (
            frames[source].float() / 255,
            frames[driving].float() / 255,
            keypoints[source],
            keypoints[driving],
        )


class MeanMetrics:
    """Means of several metrics over batches of images."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def add(self, name: str, values: Tensor) -> None:
        """Add the values of one metric, one for each image: (B,)."""
        self.sums[name] = self.sums.get(name, 0.0) + float(values.sum())
        self.counts[name] = self.counts.get(name, 0) + len(values)

    def add_images(self, name: str, images: Tensor, targets: Tensor) -> None:
        """Add L1 and SSIM (stride 2) of (B, 3, H, W) in 0..1, as ``<name>_l1`` and ``<name>_ssim``."""
        self.add(f"{name}_l1", (images - targets).abs().mean((1, 2, 3)))
        self.add(f"{name}_ssim", ssim(images, targets, stride=2).mean((1, 2, 3)))

    def means(self) -> dict[str, float]:
        return {name: self.sums[name] / self.counts[name] for name in self.sums}


def draw_keypoint_sheet(path: Path, faces: FaceFrames, detected: Keypoints) -> None:
    """Write a PNG of frames with the landmarks' keypoints (green) and the detected ones (red), as pairs of axes."""
    tiles = []
    for index in evenly_spaced(len(faces), SHEET_FRAMES):
        image = Image.fromarray(faces.frames[index].permute(1, 2, 0).numpy()).resize((TILE_SIDE, TILE_SIDE))
        draw = ImageDraw.Draw(image)
        for keypoints, colour in ((faces.keypoints, TARGET_COLOUR), (detected, DETECTED_COLOUR)):
            assert keypoints.jacobian is not None
            for value, jacobian in zip(keypoints.value[index], keypoints.jacobian[index], strict=True):
                x, y = ((value + 1) * (TILE_SIDE / 2)).tolist()
                for axis in (jacobian * AXIS_LENGTH).T.tolist():
                    draw.line((x, y, x + axis[0], y + axis[1]), fill=colour, width=2)
        tiles.append(np.asarray(image))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % SHEET_COLUMNS)
    rows = [tiles[start : start + SHEET_COLUMNS] for start in range(0, len(tiles), SHEET_COLUMNS)]
    write_image_grid(path, rows)
