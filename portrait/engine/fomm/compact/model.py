"""Runs the compact networks."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.compact.dense_motion import DenseMotion
from portrait.engine.fomm.compact.detector import KeypointDetector
from portrait.engine.fomm.compact.generator import Generator
from portrait.engine.fomm.compact.geometry import COARSE, FINE, SIDE, coordinate_grid
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.fomm.model import MotionModel
from portrait.engine.fomm.region import Region
from portrait.engine.motion.anatomy import BROWS, CROWN, EYES, MOUTH, NOSE

# The generator draws the rectangle around these keypoints of all frames, with this margin, as a fraction of the side.
CHANGING = (*EYES, *BROWS, NOSE, *MOUTH)
REGION_MARGIN = 0.08
# The generator needs sides that are multiples of this, in pixels of the picture.
REGION_UNIT = 8


class CompactModel(MotionModel):
    """Our compact networks, for pictures of 256 pixels a side.

    ``sampling`` is the interpolation that warps the picture itself: bicubic keeps more of its sharpness than
    bilinear, with which the weights were trained, and no artifacts of the difference were seen.
    """

    sampling = "bicubic"

    def __init__(
        self, networks: nn.ModuleDict, device: torch.device, dtype: torch.dtype, *, plain: bool
    ) -> None:
        self.detector = cast(KeypointDetector, networks["kp_detector"])
        self.dense_motion = cast(DenseMotion, networks["dense_motion"])
        self.generator = cast(Generator, networks["generator"])
        self.num_kp = self.detector.heatmap.out_channels
        self.keypoint_set = f"compact-{self.num_kp}"
        self.estimates_jacobian = True
        super().__init__(networks, device, dtype, plain=plain)

    def _every_frame(self) -> list[nn.Module]:
        generator = self.generator
        once = {generator.half_encoder, generator.quarter_encoder, generator.eighth_encoder}
        return [self.dense_motion, *(part for part in generator.children() if part not in once)]

    def _check_size(self, name: str, height: int, width: int) -> None:
        # The detector resizes any picture; the generator is made for one size.
        if name == "source" and (height, width) != (SIDE, SIDE):
            raise ValueError(f"source must be {SIDE} x {SIDE}, not {height} x {width}")

    def _detect(self, images: Tensor) -> Keypoints:
        return cast(Keypoints, self.detector(images))

    def _encode(self, source: Tensor, keypoints: Keypoints) -> Any:
        half = F.interpolate(source, size=(FINE, FINE), mode="area")
        return source, keypoints, half, self.generator.encode(source)

    def _flow(self, encoded: Any, driving: Keypoints) -> tuple[Tensor, Tensor]:
        _source, keypoints, half, _features = encoded
        return cast(tuple[Tensor, Tensor], self.dense_motion(half, keypoints, driving))

    def _displacement(self, flow: Any, batch: int) -> Tensor:
        return (flow[0] - coordinate_grid(FINE, flow[0].device)) / 2

    def _generate(self, encoded: Any, driving: Keypoints, flow: Any, region: Region | None) -> Tensor:
        source, keypoints, _half, features = encoded
        field, occlusion = flow
        blobs = self.dense_motion.driver_blobs(keypoints, driving)
        if region is not None:
            fine, coarse = region.scaled(FINE / SIDE), region.scaled(COARSE / SIDE)
            field = field[:, fine.rows, fine.columns]
            occlusion = occlusion[..., fine.rows, fine.columns]
            blobs = blobs[..., coarse.rows, coarse.columns]
        return cast(Tensor, self.generator(source, features, field, occlusion, blobs, self.sampling))

    def _region(self, moving: Keypoints, height: int, width: int) -> Region:
        places = (moving.value[:, CHANGING].reshape(-1, 2).cpu().numpy() + 1) / 2 * SIDE
        low = np.floor((places.min(axis=0) - REGION_MARGIN * SIDE) / REGION_UNIT).astype(int) * REGION_UNIT
        high = np.ceil((places.max(axis=0) + REGION_MARGIN * SIDE) / REGION_UNIT).astype(int) * REGION_UNIT
        left, top = low.clip(0, SIDE - REGION_UNIT)
        right, bottom = high.clip(REGION_UNIT, SIDE)
        return Region(int(left), int(top), int(right), int(bottom))

    def _scale(self, source: Keypoints, first: Keypoints) -> float:
        # The crown's Jacobian is fitted to the whole face, and so varies less than a hull of 16 points.
        assert source.jacobian is not None and first.jacobian is not None
        own, driver = source.jacobian[0, CROWN], first.jacobian[0, CROWN]
        return float(torch.sqrt(torch.det(own).abs() / torch.det(driver).abs()))
