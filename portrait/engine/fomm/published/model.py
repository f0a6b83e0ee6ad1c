"""Runs the published networks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn

from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.fomm.model import BATCH, MotionModel
from portrait.engine.fomm.published.int8 import Int8Bottleneck
from portrait.engine.fomm.published.networks import Generator, KeypointDetector, coordinate_grid
from portrait.engine.fomm.region import Region
from portrait.engine.runtime import int8

# Side of the flow of a network that estimates none.
STILL_FLOW = 8
# Mean squared error: 44 dB below white, a root mean square of 1.6 of 255. Invisible, and within the promised 40 dB.
MOST_INT8_ERROR = 10**-4.4


class PublishedModel(MotionModel):
    """The published networks. Nothing is resized: they are fully convolutional and take any picture whose sides they
    can halve as often as they do (multiples of 128 for vox-256); quality is best at the size of the training.

    With ``int8_allowed`` the bottleneck, most of the work, runs in 8-bit integers, for each source for which the
    measured error is invisible (``MOST_INT8_ERROR``).
    """

    int8_allowed = False
    # Half of the weights are read for a few pixels deep in the hourglass: more frames share the reading.
    batch = 2 * BATCH

    def __init__(
        self, networks: nn.ModuleDict, device: torch.device, dtype: torch.dtype, *, plain: bool
    ) -> None:
        self.detector = cast(KeypointDetector, networks["kp_detector"])
        self.generator = cast(Generator, networks["generator"])
        self.num_kp = self.detector.kp.out_channels
        self.keypoint_set = f"fomm-{self.num_kp}"
        self.estimates_jacobian = self.detector.jacobian is not None
        dense_motion = self.generator.dense_motion_network
        self.units = {"images": self.detector.size_unit}
        self.units["source"] = math.lcm(
            self.detector.size_unit,
            self.generator.size_unit,
            1 if dense_motion is None else dense_motion.size_unit,
        )
        super().__init__(networks, device, dtype, plain=plain)

    def allow_int8(self) -> None:
        """Use 8-bit integers where this machine computes them, and computes them rightly."""
        self.int8_allowed = (
            self.dtype == torch.bfloat16
            and int8.is_supported(self.device)
            and all(
                int8.is_right(conv.in_channels, conv.out_channels, self.batch)
                for conv in self.generator.bottleneck.modules()
                if isinstance(conv, nn.Conv2d)
            )
        )

    def _every_frame(self) -> list[nn.Module]:
        generator = self.generator
        dense_motion = [] if generator.dense_motion_network is None else [generator.dense_motion_network]
        return [*dense_motion, generator.bottleneck, generator.up_blocks, generator.final]

    def _check_size(self, name: str, height: int, width: int) -> None:
        unit = self.units[name]
        if height % unit or width % unit:
            raise ValueError(
                f"{name} must have sides that are multiples of {unit} for this model, not {height} x {width}"
            )

    def _detect(self, images: Tensor) -> Keypoints:
        return cast(Keypoints, self.detector(images))

    def _encode(self, source: Tensor, keypoints: Keypoints) -> Any:
        dense_motion = self.generator.dense_motion_network
        small = None if dense_motion is None else dense_motion.shrink(source)
        features = self.generator.encode(source)
        bottleneck: Callable[[Tensor], Tensor] = self.generator.bottleneck
        if self.int8_allowed:
            flow = self._flow((keypoints, small, features, bottleneck), keypoints)
            bottleneck = self._bottleneck_for(self.generator.move(features, *flow, len(keypoints)))
        return keypoints, small, features, bottleneck

    def _bottleneck_for(self, own: Tensor) -> Callable[[Tensor], Tensor]:
        """The int8 bottleneck if it draws the source in its ``own`` pose within ``MOST_INT8_ERROR``, else bfloat16.

        ``own``: (1, C, h, w), the moved features of the source in its own pose.
        """
        exact = self.generator.bottleneck
        quantized = Int8Bottleneck(exact, own)
        error = (self.generator.decode(own, quantized) - self.generator.decode(own, exact)).square().mean()
        return quantized if float(error) <= MOST_INT8_ERROR else exact

    def _flow(self, encoded: Any, driving: Keypoints) -> tuple[Tensor | None, Tensor | None]:
        keypoints, small, _features, _bottleneck = encoded
        dense_motion = self.generator.dense_motion_network
        if dense_motion is None:
            return None, None
        return cast(tuple[Tensor, Tensor | None], dense_motion(small, keypoints, driving))

    def _displacement(self, flow: Any, batch: int) -> Tensor:
        if flow[0] is None:
            return torch.zeros((batch, STILL_FLOW, STILL_FLOW, 2))
        # The identity is subtracted in the model's own coordinates, so that it stays the identity in all others.
        deformation: Tensor = flow[0]
        height, width = deformation.shape[1:3]
        return (deformation - coordinate_grid(height, width, deformation.device)) / 2

    def _generate(self, encoded: Any, driving: Keypoints, flow: Any, region: Region | None) -> Tensor:
        _keypoints, _small, features, bottleneck = encoded
        deformation, occlusion = flow
        moved = self.generator.move(features, deformation, occlusion, len(driving))
        return self.generator.decode(moved, bottleneck)
