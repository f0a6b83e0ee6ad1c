"""A small network that imitates VGG's features: it ships with the painter, so that a style can be added without VGG."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.training.style.losses import gram_distance, gram_matrix

WIDTHS = (24, 48, 96, 128)  # channels of its stages
IMITATED = (64, 128, 256, 512)  # channels of relu1_2, relu2_2, relu3_3 and relu4_3


class SmallFeatures(nn.Module):
    """Two 3x3 convolutions at each of four sizes, and a linear map from each stage to a tap of VGG-16."""

    mean: Tensor

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.48, 0.46, 0.41]).reshape(1, 3, 1, 1))
        inputs = 3
        self.stages, self.heads = nn.ModuleList(), nn.ModuleList()
        for width, imitated in zip(widths, IMITATED, strict=True):
            self.stages.append(
                nn.Sequential(
                    nn.Conv2d(inputs, width, 3, 1, 1), nn.ReLU(), nn.Conv2d(width, width, 3, 1, 1), nn.ReLU()
                )
            )
            self.heads.append(nn.Conv2d(width, imitated, 1))
            inputs = width

    def extract(self, images: Tensor, last: str | None = None) -> list[Tensor]:
        """What VGG's four taps would be, of float (B, 3, H, W) in 0..1, in units of 100; ``last``: where to stop."""
        x = ((images - self.mean) * 4).contiguous(memory_format=torch.channels_last)
        features: list[Tensor] = []
        for stage, head in zip(self.stages, self.heads, strict=True):
            x = stage(F.max_pool2d(x, 2) if features else x)
            features.append(F.relu(head(x)))
            if last is not None and last.startswith(f"relu{len(features)}_"):
                break
        return features


def imitation_loss(small: Sequence[Tensor], features: Sequence[Tensor]) -> Tensor:
    """How far the small network's features are from VGG's, in themselves and in their Gram matrices: a scalar."""
    total = torch.zeros((), device=features[0].device)
    for one, other in zip(small, features, strict=True):
        target = other.detach().float() / 100
        energy = target.square().mean((1, 2, 3), keepdim=True).clamp_min(1e-6)
        total = total + ((one.float() - target).square() / energy).mean()
        total = total + gram_distance(gram_matrix(one), gram_matrix(target)).mean()
    return total
