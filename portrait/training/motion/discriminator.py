"""The discriminator of eyes and mouths: a small patch network with hinge loss (Isola et al., CVPR 2017)."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

CHANNELS = (32, 64, 128, 128)
KINDS = 2  # eyes and mouths


class PatchDiscriminator(nn.Module):
    """Judges patches of cuts: strided convolutions with spectral normalization (Miyato et al., ICLR 2018)."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3 + KINDS, *CHANNELS)
        self.blocks = nn.ModuleList(
            spectral_norm(nn.Conv2d(inputs, outputs, 4, 2 if index < 3 else 1, 1))
            for index, (inputs, outputs) in enumerate(itertools.pairwise(widths))
        )
        self.output = spectral_norm(nn.Conv2d(CHANNELS[-1], 1, 3, 1, 1))

    def forward(self, cuts: Tensor, kinds: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Cuts (B, 3, H, W) in 0..1 of ``kinds``, int64 (B,) -> logits (B, 1, h, w) and the blocks' features."""
        maps = F.one_hot(kinds, KINDS).to(cuts.dtype)[..., None, None].expand(-1, -1, *cuts.shape[2:])
        x, features = torch.cat([cuts * 2 - 1, maps], 1), []
        for block in self.blocks:
            x = F.leaky_relu(block(x), 0.2)
            features.append(x)
        return self.output(x), features


def discriminator_loss(real: Tensor, generated: Tensor) -> Tensor:
    """The hinge loss of logits, of any shape: a scalar."""
    return F.relu(1 - real.float()).mean() + F.relu(1 + generated.float()).mean()


def feature_matching(generated: list[Tensor], real: list[Tensor]) -> Tensor:
    """Mean absolute difference of the discriminator's features: a scalar (Wang et al., CVPR 2018)."""
    parts = [(a.float() - b.detach().float()).abs().mean() for a, b in zip(generated, real, strict=True)]
    return torch.stack(parts).mean()
