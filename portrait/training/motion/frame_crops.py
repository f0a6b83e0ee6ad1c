"""Crops of the frames of a batch, at several resolutions, and the rendering of a crop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.compact.dense_motion import DenseMotion
from portrait.engine.fomm.compact.generator import Generator
from portrait.engine.fomm.keypoints import Keypoints
from portrait.training.motion.face_mesh import FLOW_SIDE

GRID = (
    4  # pixels: positions and sizes are multiples of it, so that a crop exists at a quarter of the resolution
)


@dataclass(frozen=True)
class FrameCrops:
    """A crop of each frame of a batch. Sizes and positions are in pixels of 128, multiples of ``GRID``."""

    height: int
    width: int
    corners: list[tuple[int, int]]  # top and left of each frame's crop

    @classmethod
    def around(cls, centres: Tensor, height: int, width: int) -> FrameCrops:
        """Crops around ``centres``, float (B, 2), x and y in -1..1, moved inside the frames."""
        corners = []
        for x, y in ((centres.cpu() + 1) * (FLOW_SIDE / 2)).tolist():
            top, left = (
                min(max(GRID * round((centre - side / 2) / GRID), 0), FLOW_SIDE - side)
                for centre, side in ((y, height), (x, width))
            )
            corners.append((top, left))
        return cls(height, width, corners)

    def __call__(self, x: Tensor, scale: float) -> Tensor:
        """The crops of (B, C, H, W), whose side is ``scale`` times 128 pixels."""
        height, width = int(self.height * scale), int(self.width * scale)
        parts = []
        for frame, corner in zip(x, self.corners, strict=True):
            top, left = int(corner[0] * scale), int(corner[1] * scale)
            parts.append(frame[:, top : top + height, left : left + width])
        return torch.stack(parts)


def render_frames(
    networks: nn.ModuleDict,
    source: Tensor,
    source_keypoints: Keypoints,
    driving_keypoints: Keypoints,
    sampling: str,
    crops: FrameCrops | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Run dense motion and generator on sources (B, 3, 256, 256) in 0..1.

    ``sampling``: of the source image, "bilinear" or "bicubic"; ``crops``: what to generate (default: whole frames).

    Returns the flow (B, 128, 128, 2), its crop, and the generated crop (B, 3, H, W).
    """
    dense, generator = cast(DenseMotion, networks["dense_motion"]), cast(Generator, networks["generator"])
    with torch.autocast(source.device.type, torch.bfloat16):
        flow, occlusion = dense(F.avg_pool2d(source, 2), source_keypoints, driving_keypoints)
        blobs, cropped_flow = dense.driver_blobs(source_keypoints, driving_keypoints), flow
        if crops is not None:
            cropped_flow = crops(flow.permute(0, 3, 1, 2), 1).permute(0, 2, 3, 1)
            occlusion, blobs = crops(occlusion, 1), crops(blobs, 0.5)
        generated = generator(source, generator.encode(source), cropped_flow, occlusion, blobs, sampling)
    return flow, cropped_flow, generated
