"""Losses between two images, or between their features."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def charbonnier(difference: Tensor, softness: float = 1e-3) -> Tensor:
    """The smoothed absolute value of each entry (Charbonnier et al., ICIP 1994)."""
    return torch.sqrt(difference * difference + softness * softness)


def ssim(a: Tensor, b: Tensor, window: int = 7, stride: int = 1) -> Tensor:
    """Structural similarity (Wang et al., IEEE TIP 2004) of (B, C, H, W) in 0..1, box windows: (B, C, h, w).

    ``stride``: of the windows; above 1 it is faster and samples fewer of them.
    """

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, window, stride)

    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + 1e-4) / (mean_a**2 + mean_b**2 + 1e-4)
    return luminance * (2 * covariance + 9e-4) / (var_a + var_b + 9e-4)


def gradient_difference(a: Tensor, b: Tensor) -> Tensor:
    """Charbonnier loss of the differences of neighbouring pixels of (..., H, W), sensitive to sharpness: a scalar."""
    difference = a - b
    return (
        charbonnier(difference[..., 1:] - difference[..., :-1]).mean()
        + charbonnier(difference[..., 1:, :] - difference[..., :-1, :]).mean()
    )


def feature_distance(features: list[Tensor], targets: list[Tensor]) -> Tensor:
    """Mean absolute difference of features relative to the targets' mean absolute value, summed over layers.

    A perceptual loss (Johnson et al., ECCV 2016).
    """
    parts = [
        (a - b).float().abs().mean() / (b.float().abs().mean() + 1e-3)
        for a, b in zip(features, targets, strict=True)
    ]
    return torch.stack(parts).sum()


def normalized_feature_distance(features: list[Tensor], targets: list[Tensor]) -> Tensor:
    """Squared distance of channel-normalized features, mean over positions and layers: (B,).

    LPIPS (Zhang et al., CVPR 2018) without the learned weights.
    """
    parts = [
        (F.normalize(a.float(), dim=1) - F.normalize(b.float(), dim=1)).square().sum(1).mean((1, 2))
        for a, b in zip(features, targets, strict=True)
    ]
    return torch.stack(parts).mean(0)
