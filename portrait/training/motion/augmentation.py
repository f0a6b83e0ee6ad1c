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
        """Affine maps (B, 2, 3) from augmented coordinates to those of the original image, both in -1..1.

        They are on the generator's device.
        """
        place = generator.device

        def uniform(low: float, high: float) -> Tensor:
            return torch.rand(batch, generator=generator, device=place) * (high - low) + low

        scale = torch.exp(-uniform(math.log(self.min_scale), math.log(self.max_scale)))
        angle = torch.deg2rad(uniform(-self.rotation, self.rotation))
        c, s = torch.cos(angle) * scale, torch.sin(angle) * scale
        rotation = torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], -2)
        shearing = torch.rand(batch, 2, 2, generator=generator, device=place) * 2 - 1
        shear = torch.eye(2, device=place) + self.shear * shearing
        mirror = torch.where(torch.rand(batch, generator=generator, device=place) < 0.5, -1.0, 1.0)
        linear = rotation @ shear * torch.stack([mirror, torch.ones_like(mirror)], -1)[:, None]
        shift = torch.stack([uniform(-2, 2), uniform(-2, 2)], -1) * self.shift
        return torch.cat([linear, shift[..., None]], -1)


def inverse_affine(theta: Tensor) -> Tensor:
    """The inverse of affine maps (B, 2, 3)."""
    # Without torch.linalg, which on a GPU waits for the result.
    a, b, c, d = theta[:, 0, 0], theta[:, 0, 1], theta[:, 1, 0], theta[:, 1, 1]
    adjugate = torch.stack([torch.stack([d, -b], -1), torch.stack([-c, a], -1)], -2)
    linear = adjugate / (a * d - b * c)[:, None, None]
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
    determinant = theta[:, 0, 0] * theta[:, 1, 1] - theta[:, 0, 1] * theta[:, 1, 0]
    mirrored = (determinant < 0)[:, None, None]
    flip = torch.tensor([-1.0, 1.0], device=theta.device)  # the mean face is symmetric
    value = torch.where(mirrored, value[:, MIRRORED], value)
    jacobian = torch.where(mirrored[..., None], jacobian[:, MIRRORED] * flip, jacobian)
    return Keypoints(value, jacobian)


def jitter_colour(images: Tensor, generator: torch.Generator, strength: float = 1.0) -> Tensor:
    """Random exposure, contrast, saturation and white balance: float (B, ..., 3, H, W) in 0..1, one draw a row."""
    batch, device = len(images), images.device
    shape = [batch] + [1] * (images.ndim - 1)

    def symmetric(spread: float) -> Tensor:
        draw = (torch.rand(batch, generator=generator, device=generator.device) * 2 - 1) * spread * strength
        return draw.reshape(shape).to(device)

    out = images * (1 + symmetric(0.25))
    mean = out.mean(tuple(range(1, out.ndim)), keepdim=True)
    out = (out - mean) * (1 + symmetric(0.3)) + mean + symmetric(0.12)
    grey = out.mean(-3, keepdim=True)
    out = grey + (out - grey) * (1 + symmetric(0.45))
    draw = torch.rand(batch, 3, generator=generator, device=generator.device)
    balance = 1 + 0.12 * strength * (draw * 2 - 1)
    out = out * balance.reshape([batch] + [1] * (images.ndim - 4) + [3, 1, 1]).to(device)
    return out.clamp(0, 1)


def degrade(images: Tensor, generator: torch.Generator) -> Tensor:
    """Random blur, loss of colour, noise and rectangular occlusion of square float (B, 3, S, S) images in 0..1.

    Each is applied to a random part of the batch. The work is done for all images at once, as a GPU needs it.
    """
    batch, _, side, _ = images.shape

    def draw(*shape: int) -> Tensor:
        drawn = torch.rand(batch, *shape, generator=generator, device=generator.device)
        return drawn.to(images.device)

    def chosen(probability: float) -> Tensor:
        return draw(1, 1, 1) < probability

    # Blur: reduced and enlarged again, mixed with the image by a random share.
    reduced = F.avg_pool2d(images, 2)
    blurred = F.interpolate(reduced, size=(side, side), mode="bilinear", align_corners=False)
    out = torch.where(chosen(0.3), images + (blurred - images) * draw(1, 1, 1), images)
    out = torch.where(chosen(0.1), out.mean(1, keepdim=True), out)
    noise = torch.randn(images.shape, generator=generator, device=generator.device).to(images.device)
    out = out + torch.where(chosen(0.3), 0.005 + 0.035 * draw(1, 1, 1), 0.0) * noise
    # Occlusion: a rectangle between a twelfth and a third of the side.
    extent = (1 / 12 + draw(2) / 4) * side  # (B, 2): height and width
    corner = draw(2) * (side - extent)
    pixel = torch.arange(side, device=images.device)
    inside = (pixel >= corner[..., None]) & (pixel < (corner + extent)[..., None])  # (B, 2, S)
    covered = inside[:, 0, :, None] & inside[:, 1, None, :]
    out = torch.where(covered[:, None] & chosen(0.15), draw(3)[..., None, None], out)
    return out.clamp(0, 1)
