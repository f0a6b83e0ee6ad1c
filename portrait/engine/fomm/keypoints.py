"""Keypoints: positions of parts of a face, and the local affine deformation (Jacobian) at each."""

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

    def to(self, device: torch.device) -> Keypoints:
        """The same keypoints as float32 on ``device``."""
        jacobian = None if self.jacobian is None else self.jacobian.to(device, torch.float32)
        return Keypoints(self.value.to(device, torch.float32), jacobian)


def join(parts: list[Keypoints]) -> Keypoints:
    """Batches of keypoints, concatenated."""
    jacobians = [part.jacobian for part in parts if part.jacobian is not None]
    return Keypoints(torch.cat([part.value for part in parts]), torch.cat(jacobians) if jacobians else None)
