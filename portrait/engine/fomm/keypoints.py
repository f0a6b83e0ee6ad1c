"""Keypoints: where the parts of a face are, and how the image around each one is stretched."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Keypoints:
    """``value``: float32 (B, K, 2), x then y in -1..1. ``jacobian``: float32 (B, K, 2, 2), or None without any."""

    value: Tensor
    jacobian: Tensor | None

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, index: slice | Tensor) -> Keypoints:
        return Keypoints(self.value[index], None if self.jacobian is None else self.jacobian[index])

    def expand(self, batch: int) -> Keypoints:
        """The one set of keypoints, repeated ``batch`` times without copying."""
        jacobian = None if self.jacobian is None else self.jacobian.expand(batch, -1, -1, -1)
        return Keypoints(self.value.expand(batch, -1, -1), jacobian)

    def to(self, device: torch.device) -> Keypoints:
        """The same keypoints as float32 on ``device``."""
        jacobian = None if self.jacobian is None else self.jacobian.to(device, torch.float32)
        return Keypoints(self.value.to(device, torch.float32), jacobian)


def join(parts: list[Keypoints]) -> Keypoints:
    """Batches one after the other."""
    jacobians = [part.jacobian for part in parts if part.jacobian is not None]
    return Keypoints(torch.cat([part.value for part in parts]), torch.cat(jacobians) if jacobians else None)
