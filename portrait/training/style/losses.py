"""Losses of style training: content, style, smoothness and temporal stability."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

MIN_ENERGY = 1e-12  # avoids a division by zero


def gram_matrix(features: Tensor) -> Tensor:
    """Gram matrix of the channels (Gatys et al., 2016): (B, C, H, W) -> float32 (B, C, C), divided by C * H * W."""
    _, channels, height, width = features.shape
    flat = features.float().flatten(2)
    return flat @ flat.transpose(1, 2) / (channels * height * width)


def gram_distance(grams: Tensor, targets: Tensor) -> Tensor:
    """Mean squared difference of (B, C, C), divided by that of the targets from 0: (B,)."""
    energy = targets.square().mean((1, 2))
    return (grams - targets).square().mean((1, 2)) / energy.clamp_min(MIN_ENERGY)


def content_distance(features: Tensor, targets: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean squared difference of features (B, C, H, W), divided by the targets' mean square: (B,).

    ``weight``: (B, 1, h, w), of each position; it is resized to the features.
    """
    difference = (features - targets).float().square().mean(1, keepdim=True)
    if weight is not None:
        difference = difference * F.interpolate(weight, difference.shape[2:], mode="area")
    energy = targets.float().square().mean((1, 2, 3))
    return difference.mean((1, 2, 3)) / energy.clamp_min(MIN_ENERGY)


def content_distances(features: Tensor, targets: Tensor, weight: Tensor) -> Tensor:
    """``content_distance`` in the features' own dtype, but for its sums; for large batches on a GPU: (B,)."""
    difference = (features - targets).square().mean(1, keepdim=True).float()
    difference = difference * F.interpolate(weight, difference.shape[2:], mode="area")
    energy = targets.square().mean((1, 2, 3), dtype=torch.float32)
    return difference.mean((1, 2, 3)) / energy.clamp_min(MIN_ENERGY)


def grain_loss(painted: Tensor, period: int = 8, cells: int = 6) -> Tensor:
    """Energy of patterns that repeat with ``period`` pixels in (B, C, H, W), as a network's grid leaves them: (B,).

    Each pixel's position within the period is averaged over squares of ``cells`` periods: what is left of strokes is
    little, what is left of a pattern is all of it. Shades that are larger than a period are taken off before. Sides
    must be at least ``period * cells``.
    """
    batch, channels, height, width = painted.shape
    fine = painted - F.avg_pool2d(painted, period + 1, 1, period // 2, count_include_pad=False)
    rows, columns = height // (period * cells), width // (period * cells)
    fine = fine[..., : rows * period * cells, : columns * period * cells]
    split = fine.reshape(batch, channels, rows, cells, period, columns, cells, period)
    return split.mean((3, 6)).square().mean((1, 2, 3, 4, 5))


def total_variation(images: Tensor) -> Tensor:
    """Mean absolute difference of horizontal plus vertical neighbours in (B, C, H, W): a scalar."""
    across = (images[..., 1:] - images[..., :-1]).abs().mean()
    return across + (images[..., 1:, :] - images[..., :-1, :]).abs().mean()


def stability_loss(painted: Tensor, shifted: Tensor, shift: tuple[int, int], margin: int) -> Tensor:
    """Mean squared difference of the paintings of a photo and of the shifted photo, aligned: a scalar.

    Args:
        painted: the painting of a photo, (B, C, H, W).
        shifted: the painting of a photo whose pixel (y, x) is the first one's pixel (y, x) + ``shift``.
        shift: down and across, in pixels.
        margin: width of the border that is left out, in pixels: the photos differ there.
    """
    down, across = shift
    height, width = painted.shape[2:]
    inner = shifted[..., margin : height - margin, margin : width - margin]
    aligned = painted[..., margin + down : height - margin + down, margin + across : width - margin + across]
    return (inner - aligned).square().mean()
