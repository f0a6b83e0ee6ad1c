"""Photos kept on the device as one tensor, and random crops of them made there, for training on a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.photo.crop import FACE_CENTRE_IN_FRAME, FACE_HEIGHT_IN_FRAME
from portrait.engine.photo.picture import centre_square
from portrait.training.style.photos import FACE_CROP_SIDE, Photos

NOWHERE = -9.0  # the place of what was not found: far outside the picture
FACE_SHARE = 0.8  # of the crops
FACE_SCALES = (0.74, 1.06)  # relative to the stored photos of 560 pixels: as large as in portraits of 512
FACE_ASPECT, MASK_STEEPNESS = 0.75, 8.0  # the face's width by its height; how fast its mask falls
DETAIL_RADII = (0.06, 0.06, 0.085)  # of the masks of the eyes and the mouth, as fractions of the frame
EXPOSURE = 0.22  # standard deviation of the photos' random gamma, as a power of e


@dataclass(frozen=True)
class DevicePhotos:
    """``pictures``: uint8 (N, 3, H, H), the faces first; ``faces``: how many they are.

    ``details``: the middles of the eyes and of the mouth, float (N, 3, 2) in 0..1, or ``NOWHERE``.
    """

    pictures: Tensor
    faces: int
    details: Tensor

    @classmethod
    def of(cls, photos: Photos, device: torch.device) -> DevicePhotos:
        """``photos`` at ``FACE_CROP_SIDE`` on ``device``; pictures without a face are cut to their middle square."""
        squares = [centre_square(picture, FACE_CROP_SIDE) for picture in (*photos.faces, *photos.others)]
        pictures = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).contiguous()
        details = torch.full((len(pictures), 3, 2), NOWHERE)
        for row, points in zip(details, photos.details, strict=False):
            if points is not None:
                row.copy_(torch.from_numpy(points))
        return cls(pictures.to(device), len(photos.faces), details.to(device))

    def sample(
        self, count: int, side: int, margin: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Random square crops, half of them mirrored: float (B, 3, side, side) in 0..1, with two masks.

        The masks, of the face and of its eyes and mouth, are (B, 1, side - 2 margin, side - 2 margin) in 0..1.
        """
        device, stored = self.pictures.device, self.pictures.shape[2]
        source: dict[str, Any] = {"device": device, "generator": generator}

        def uniform(low: float, high: float) -> Tensor:
            return low + (high - low) * torch.rand(count, **source)

        others = len(self.pictures) - self.faces
        of_face = (torch.rand(count, **source) < FACE_SHARE) & (self.faces > 0) | (others == 0)
        face_index = torch.randint(max(self.faces, 1), (count,), **source)
        other_index = self.faces + torch.randint(max(others, 1), (count,), **source)
        index = torch.where(of_face, face_index, other_index)
        # 1. The window, as a fraction of the stored side, and its middle in -1..1.
        window = (side / (stored * uniform(*FACE_SCALES))).clamp(max=1.0)
        window = torch.where(of_face, window, uniform(0.6, 1.0))
        across, down = uniform(-1, 1) * (1 - window), uniform(-1, 1) * (1 - window)
        mirror = torch.where(torch.rand(count, **source) < 0.5, -1.0, 1.0)
        zero = torch.zeros_like(window)
        theta = torch.stack([window * mirror, zero, across, zero, window, down], 1).reshape(count, 2, 3)
        grid = F.affine_grid(theta, [count, 3, side, side], align_corners=False)
        crops = F.grid_sample(
            self.pictures[index].float() / 255, grid, padding_mode="reflection", align_corners=False
        )
        crops = crops.clamp(1e-4, 1) ** torch.exp(EXPOSURE * torch.randn(count, 1, 1, 1, **source))
        # 2. Masks, from the pixels' places in the photo.
        place = (grid[:, margin : side - margin, margin : side - margin] + 1) / 2  # (B, s, s, 2)
        x, y = place.unbind(3)
        radius = torch.hypot((x - FACE_CENTRE_IN_FRAME[0]) / FACE_ASPECT, y - FACE_CENTRE_IN_FRAME[1]) / (
            FACE_HEIGHT_IN_FRAME / 2
        )
        face = torch.sigmoid((1 - radius) * MASK_STEEPNESS) * of_face.reshape(-1, 1, 1)
        detail = torch.zeros_like(face)
        for part, size in enumerate(DETAIL_RADII):
            middle = self.details[index, part].reshape(-1, 1, 1, 2)
            detail = detail + torch.exp(-(place - middle).square().sum(3) / (2 * (size / 1.5) ** 2))
        return (
            crops.contiguous(memory_format=torch.channels_last),
            face[:, None],
            detail.clamp(max=1)[:, None],
        )


def sample_pairs(
    pairs: Tensor, count: int, side: int, windows: tuple[float, float], generator: torch.Generator
) -> Tensor:
    """Random square crops of pairs of frames, uint8 (P, 2, 3, H, H): float (count, 2, 3, side, side) in 0..1.

    ``windows``: the least and the largest, as fractions of the frame.
    """
    source: dict[str, Any] = {"device": pairs.device, "generator": generator}
    index = torch.randint(len(pairs), (count,), **source)
    low, high = windows
    window = low + (high - low) * torch.rand(count, **source)
    across, down = ((2 * torch.rand(count, **source) - 1) * (1 - window) for _ in range(2))
    zero = torch.zeros_like(window)
    theta = torch.stack([window, zero, across, zero, window, down], 1).reshape(count, 2, 3)
    grid = F.affine_grid(theta, [count, 3, side, side], align_corners=False)
    chosen = pairs[index].float() / 255
    crops = F.grid_sample(chosen.flatten(1, 2), grid, padding_mode="reflection", align_corners=False)
    return crops.reshape(count, 2, 3, side, side)
