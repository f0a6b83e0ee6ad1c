"""Augmentation of whole batches: where the camera stood, and what the light and the lens did."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.motion.anatomy import MIRRORED
from portrait.training.mesh import inverse_affine


@dataclass(frozen=True)
class Camera:
    """How far a picture is moved: scale as a factor each way, rotation in degrees, shift in picture widths."""

    smallest: float
    largest: float
    rotation: float
    shift: float
    shear: float = 0.0

    def draw(self, batch: int, generator: torch.Generator) -> Tensor:
        """Affine maps (B, 2, 3) from augmented coordinates to the picture's, half of them mirrored."""

        def uniform(low: float, high: float) -> Tensor:
            return torch.rand(batch, generator=generator) * (high - low) + low

        scale = torch.exp(-uniform(math.log(self.smallest), math.log(self.largest)))
        angle = torch.deg2rad(uniform(-self.rotation, self.rotation))
        c, s = torch.cos(angle) * scale, torch.sin(angle) * scale
        turn = torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], -2)
        skew = torch.eye(2) + self.shear * (torch.rand(batch, 2, 2, generator=generator) * 2 - 1)
        mirror = torch.where(torch.rand(batch, generator=generator) < 0.5, -1.0, 1.0)
        linear = turn @ skew * torch.stack([mirror, torch.ones(batch)], -1)[:, None]
        shift = torch.stack([uniform(-2, 2), uniform(-2, 2)], -1) * self.shift
        return torch.cat([linear, shift[..., None]], -1)


def move_pictures(pictures: Tensor, theta: Tensor, padding: str = "reflection") -> Tensor:
    """uint8 (B, 3, H, W) seen through ``theta`` (B, 2, 3) -> float32 (B, 3, H, W) in 0..1."""
    grid = F.affine_grid(theta, list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures.float() / 255, grid, padding_mode=padding, align_corners=False)


def move_keypoints(keypoints: Keypoints, theta: Tensor) -> Keypoints:
    """The keypoints in the coordinates after ``theta``: in a mirror, left and right change places."""
    assert keypoints.jacobian is not None
    back = inverse_affine(theta)
    linear = back[:, None, :, :2]  # (B, 1, 2, 2)
    value = (linear @ keypoints.value[..., None])[..., 0] + back[:, None, :, 2]
    jacobian = linear @ keypoints.jacobian
    mirrored = (torch.linalg.det(theta[:, :, :2]) < 0)[:, None, None]
    flip = torch.tensor([-1.0, 1.0], device=theta.device)  # the mean face is symmetric
    value = torch.where(mirrored, value[:, MIRRORED], value)
    jacobian = torch.where(mirrored[..., None], jacobian[:, MIRRORED] * flip, jacobian)
    return Keypoints(value, jacobian)


def relight(pictures: Tensor, generator: torch.Generator, strength: float = 1.0) -> Tensor:
    """Other exposure, contrast, saturation and white balance: float (B, ..., 3, H, W) in 0..1, one draw a row."""
    batch, device = len(pictures), pictures.device
    shape = [batch] + [1] * (pictures.ndim - 1)

    def around(spread: float) -> Tensor:
        return (
            ((torch.rand(batch, generator=generator) * 2 - 1) * spread * strength).reshape(shape).to(device)
        )

    out = pictures * (1 + around(0.25))
    mean = out.mean(tuple(range(1, out.ndim)), keepdim=True)
    out = (out - mean) * (1 + around(0.3)) + mean + around(0.12)
    grey = out.mean(-3, keepdim=True)
    out = grey + (out - grey) * (1 + around(0.45))
    balance = 1 + 0.12 * strength * (torch.rand(batch, 3, generator=generator) * 2 - 1)
    out = out * balance.reshape([batch] + [1] * (pictures.ndim - 4) + [3, 1, 1]).to(device)
    return out.clamp(0, 1)


def spoil(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """What cameras and people do to pictures: blur, grey, noise and things in front, each to some of the batch."""
    out = pictures.clone()
    side = out.shape[-1]
    chance = torch.rand(len(out), 4, generator=generator)
    for index in range(len(out)):
        if chance[index, 0] < 0.3:
            # Seen small and enlarged again: the blur of an old photograph.
            small = int(side * (0.4 + 0.5 * torch.rand((), generator=generator)))
            few = F.interpolate(out[index : index + 1], size=(small, small), mode="area")
            out[index] = F.interpolate(few, size=(side, side), mode="bilinear", align_corners=False)[0]
        if chance[index, 1] < 0.1:
            out[index] = out[index].mean(0, keepdim=True)
        if chance[index, 2] < 0.3:
            noise = torch.randn(out[index].shape, generator=generator).to(out.device)
            out[index] += noise * (0.005 + 0.035 * torch.rand((), generator=generator))
        if chance[index, 3] < 0.15:
            size = torch.randint(side // 12, side // 3, (2,), generator=generator).tolist()
            top, left = (int(torch.randint(0, side - extent, (), generator=generator)) for extent in size)
            colour = torch.rand(3, 1, 1, generator=generator).to(out.device)
            out[index, :, top : top + size[0], left : left + size[1]] = colour
    return out.clamp(0, 1)
