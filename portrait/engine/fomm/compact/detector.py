"""The compact keypoint detector."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.compact.geometry import COARSE, coordinate_grid, without_autocast
from portrait.engine.fomm.compact.layers import Hourglass
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.motion.anatomy import MIRRORED
from portrait.engine.runtime.memory_layout import fit


class KeypointDetector(nn.Module):
    """Keypoints as the mean of a softmax heat map, with Jacobians averaged under the same heat.

    With ``mirrored`` it also detects in the mirrored picture, except in training, and returns the mean of both.
    """

    def __init__(
        self,
        num_kp: int,
        channels: tuple[int, ...],
        temperature: float,
        input_side: int,
        *,
        mirrored: bool = False,
    ) -> None:
        super().__init__()
        self.temperature, self.input_side, self.mirrored = temperature, input_side, mirrored
        self.packed = input_side // COARSE  # pixels per cell of the hourglass, in each direction
        self.hourglass = Hourglass(3 * self.packed**2, channels)
        self.heatmap = nn.Conv2d(self.hourglass.width, num_kp, 5, 1, 2)
        self.jacobian = nn.Conv2d(self.hourglass.width, num_kp * 4, 3, 1, 1)

    def forward(self, images: Tensor) -> Keypoints:
        """float (B, 3, H, W) in 0..1 -> Keypoints."""
        found = self.detect(images)
        if not self.mirrored or self.training:
            return found
        other = self.detect(images.flip(-1))
        assert found.jacobian is not None and other.jacobian is not None
        flip = torch.tensor([-1.0, 1.0], device=images.device)
        value = other.value[:, MIRRORED] * flip
        jacobian = flip[:, None] * other.jacobian[:, MIRRORED] * flip
        return Keypoints((found.value + value) / 2, (found.jacobian + jacobian) / 2)

    def detect(self, images: Tensor) -> Keypoints:
        """The same without the mirrored picture."""
        x = images
        if x.shape[-2:] != (self.input_side, self.input_side):
            x = F.interpolate(x, size=(self.input_side, self.input_side), mode="area")
        x = F.pixel_unshuffle(x * 2 - 1, self.packed)  # (B, 3 * packed^2, 64, 64)
        features = self.hourglass(fit(x, self.heatmap))
        heat = self.heatmap(features).float()  # (B, K, 64, 64)
        jacobian = self.jacobian(features).float()  # (B, 4K, 64, 64)
        batch, count, height, _width = heat.shape
        heat = torch.softmax(heat.reshape(batch, count, -1) / self.temperature, -1)  # (B, K, N)
        with without_autocast(heat):
            value = heat @ coordinate_grid(height, heat.device).reshape(-1, 2)  # (B, K, 2)
            jacobian = jacobian.reshape(batch, count, 4, -1) @ heat[..., None]  # (B, K, 4, 1)
        return Keypoints(value, jacobian.reshape(batch, count, 2, 2))
