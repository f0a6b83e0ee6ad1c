"""What a painter is trained to do: keep the photo's content, take on a painting's manner, and hold still."""

from __future__ import annotations

import torch
from torch import Tensor


def gram(features: Tensor) -> Tensor:
    """Which channels occur together: (B, C, H, W) -> float32 (B, C, C), divided by C * H * W (Gatys et al., 2016)."""
    _, channels, height, width = features.shape
    flat = features.float().flatten(2)
    return flat @ flat.transpose(1, 2) / (channels * height * width)


def gram_distance(grams: Tensor, targets: Tensor) -> Tensor:
    """Squared distance of (B, C, C) from (B, C, C), beside the targets' energy: (B,). 1 for an all-black picture."""
    energy = targets.square().mean((1, 2))
    return (grams - targets).square().mean((1, 2)) / energy.clamp_min(1e-12)


def content_distance(ours: Tensor, theirs: Tensor, weight: Tensor | None = None) -> Tensor:
    """Squared distance of features (B, C, H, W), beside the energy of ``theirs``: (B,).

    ``weight`` (B, 1, h, w) says where it matters more; it is brought to the features' size.
    """
    difference = (ours - theirs).float().square().mean(1, keepdim=True)
    if weight is not None:
        difference = difference * torch.nn.functional.interpolate(weight, difference.shape[2:], mode="area")
    energy = theirs.float().square().mean((1, 2, 3))
    return difference.mean((1, 2, 3)) / energy.clamp_min(1e-12)


def total_variation(pictures: Tensor) -> Tensor:
    """Mean absolute change from pixel to pixel, across and down, of (B, C, H, W): a scalar."""
    across = (pictures[..., 1:] - pictures[..., :-1]).abs().mean()
    return across + (pictures[..., 1:, :] - pictures[..., :-1, :]).abs().mean()


def instability(painted: Tensor, again: Tensor, shift: tuple[int, int], margin: int) -> Tensor:
    """How much the painting changed where the photo only moved: mean squared difference, a scalar.

    ``again`` (B, C, H, W) is the painting of a photo that shows at (y, x) what the first one shows at (y, x) +
    ``shift``. Closer than ``margin`` to a border both see different things and are not compared.
    """
    down, across = shift
    height, width = painted.shape[2:]
    inner = again[..., margin : height - margin, margin : width - margin]
    moved = painted[..., margin + down : height - margin + down, margin + across : width - margin + across]
    return (inner - moved).square().mean()
