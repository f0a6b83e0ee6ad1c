"""Losses of style training: content, style, smoothness and temporal stability."""

from __future__ import annotations

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
