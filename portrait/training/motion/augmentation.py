"""Augmentation of batches: affine transforms, colour jitter and image degradation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.motion.anatomy import MIRRORED


@dataclass(frozen=True)
class AffineAugmentation:
    """Ranges of a random affine transform. Half of the transforms also mirror the image."""

    min_scale: float
    max_scale: float
    rotation: float  # degrees, either way
    shift: float  # fraction of the image's width, either way
    shear: float = 0.0

    def sample(self, batch: int, generator: torch.Generator) -> Tensor:
        """Affine maps (B, 2, 3) from augmented coordinates to those of the original image, both in -1..1."""

        def uniform(low: float, high: float) -> Tensor:
            return torch.rand(batch, generator=generator) * (high - low) + low

        scale = torch.exp(-uniform(math.log(self.min_scale), math.log(self.max_scale)))
        angle = torch.deg2rad(uniform(-self.rotation, self.rotation))
        c, s = torch.cos(angle) * scale, torch.sin(angle) * scale
        rotation = torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], -2)
        shear = torch.eye(2) + self.shear * (torch.rand(batch, 2, 2, generator=generator) * 2 - 1)
        mirror = torch.where(torch.rand(batch, generator=generator) < 0.5, -1.0, 1.0)
        linear = rotation @ shear * torch.stack([mirror, torch.ones(batch)], -1)[:, None]
        shift = torch.stack([uniform(-2, 2), uniform(-2, 2)], -1) * self.shift
        return torch.cat([linear, shift[..., None]], -1)


def inverse_affine(theta: Tensor) -> Tensor:
    """The inverse of affine maps (B, 2, 3)."""
    linear = torch.linalg.inv(theta[:, :, :2])
    return torch.cat([linear, -linear @ theta[:, :, 2:]], -1)


def warp_images(images: Tensor, theta: Tensor, padding: str = "reflection") -> Tensor:
    """uint8 (B, 3, H, W) sampled through ``theta`` (B, 2, 3) -> float32 (B, 3, H, W) in 0..1."""
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images.float() / 255, grid, padding_mode=padding, align_corners=False)


def transform_keypoints(keypoints: Keypoints, theta: Tensor) -> Keypoints:
    """Keypoints in augmented coordinates. Where ``theta`` (B, 2, 3) mirrors, left and right keypoints are swapped."""
    assert keypoints.jacobian is not None
    inverse = inverse_affine(theta)
    linear = inverse[:, None, :, :2]  # (B, 1, 2, 2)
    value = (linear @ keypoints.value[..., None])[..., 0] + inverse[:, None, :, 2]
    jacobian = linear @ keypoints.jacobian
    mirrored = (torch.linalg.det(theta[:, :, :2]) < 0)[:, None, None]
    flip = torch.tensor([-1.0, 1.0], device=theta.device)  # the mean face is symmetric
    value = torch.where(mirrored, value[:, MIRRORED], value)
    jacobian = torch.where(mirrored[..., None], jacobian[:, MIRRORED] * flip, jacobian)
    return Keypoints(value, jacobian)


def jitter_colour(images: Tensor, generator: torch.Generator, strength: float = 1.0) -> Tensor:
    """Random exposure, contrast, saturation and white balance: float (B, ..., 3, H, W) in 0..1, one draw a row."""
    batch, device = len(images), images.device
    shape = [batch] + [1] * (images.ndim - 1)

    def symmetric(spread: float) -> Tensor:
        draw = (torch.rand(batch, generator=generator) * 2 - 1) * spread * strength
        return draw.reshape(shape).to(device)

    out = images * (1 + symmetric(0.25))
    mean = out.mean(tuple(range(1, out.ndim)), keepdim=True)
    out = (out - mean) * (1 + symmetric(0.3)) + mean + symmetric(0.12)
    grey = out.mean(-3, keepdim=True)
    out = grey + (out - grey) * (1 + symmetric(0.45))
    balance = 1 + 0.12 * strength * (torch.rand(batch, 3, generator=generator) * 2 - 1)
    out = out * balance.reshape([batch] + [1] * (images.ndim - 4) + [3, 1, 1]).to(device)
    return out.clamp(0, 1)


def degrade(images: Tensor, generator: torch.Generator) -> Tensor:
    """Random blur, loss of colour, noise and rectangular occlusion of square float (B, 3, S, S) images in 0..1.

    Each is applied to a random part of the batch.
    """
    out = images.clone()
    side = out.shape[-1]
    chance = torch.rand(len(out), 4, generator=generator)
    for index in range(len(out)):
        if chance[index, 0] < 0.3:
            # Blur: reduced and enlarged again.
            reduced_side = int(side * (0.4 + 0.5 * torch.rand((), generator=generator)))
            reduced = F.interpolate(out[index : index + 1], size=(reduced_side, reduced_side), mode="area")
            out[index] = F.interpolate(reduced, size=(side, side), mode="bilinear", align_corners=False)[0]
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
