"""The published generator's bottleneck in 8-bit integers: most of its arithmetic, at twice the speed of bfloat16.

Weights have one scale for each output channel, activations one for each convolution, calibrated on the source that is
animated (in its own pose, of which every frame is a warp). ``PublishedModel`` measures the error on the same source.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.published.networks import ResidualBlock
from portrait.engine.runtime.int8 import Int8Conv

# Other poses move and mix the source's features, but seldom enlarge them.
HEADROOM = 1.1


class Int8Bottleneck:
    """Residual blocks with int8 convolutions; the sums between them stay bfloat16."""

    def __init__(self, bottleneck: nn.Sequential, features: Tensor) -> None:
        """``features``: bfloat16 (1, C, H, W), what a frame in the source's own pose gives the bottleneck."""
        self.blocks = []
        x = features
        for block in cast(list[ResidualBlock], list(bottleneck)):
            gain, shift = affine(block.norm1)
            before = F.relu(torch.addcmul(shift, x.float(), gain))
            between = F.relu(block.conv1(before.to(x.dtype)))
            x = x + block.conv2(between)
            weights = [conv.weight.float() for conv in (block.conv1, block.conv2)]
            biases = [cast(Tensor, conv.bias).float() for conv in (block.conv1, block.conv2)]
            # Balances the ranges of activations and weights by channel (Xiao et al., SmoothQuant, ICML 2023).
            balances = [balance(t.float(), w) for t, w in zip((before, between), weights, strict=True)]
            first_scale, second_scale = (
                float((t.float() / e).max().clamp(min=1e-6)) * HEADROOM / 255
                for t, e in zip((before, between), balances, strict=True)
            )
            out = balances[1][:, None]  # (O, 1, 1, 1)
            first = Int8Conv(
                weights[0] * balances[0] / out, biases[0] / balances[1].flatten(), first_scale, x.shape
            )
            second = Int8Conv(weights[1] * balances[1], biases[1], second_scale, x.shape)
            unit = balances[0] * first_scale
            self.blocks.append(((gain / unit).to(x.dtype), (shift / unit).to(x.dtype), first, second))

    def __call__(self, x: Tensor) -> Tensor:
        """bfloat16 (B, C, H, W) -> the same shape."""
        for gain, shift, first, second in self.blocks:
            # The conversion truncates; adding a half makes it round.
            before = torch.addcmul(shift, x, gain).clamp_(0, 255).add_(0.5).to(torch.uint8)
            x = second(first(before, relu_scale=second.scale)).add_(x)
        return x


def balance(activations: Tensor, weight: Tensor) -> Tensor:
    """What to divide each channel of (1, C, H, W) and multiply the weights (O, C, 3, 3) by: (C, 1, 1)."""
    by_channel = activations.amax((0, 2, 3)).clamp(min=1e-5), weight.abs().amax((0, 2, 3)).clamp(min=1e-5)
    return (by_channel[0] / by_channel[1]).sqrt()[:, None, None]


def affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Batch normalization with stored statistics as gain and shift, float32 (C, 1, 1) each."""
    assert norm.running_mean is not None and norm.running_var is not None
    gain = norm.weight.float() * torch.rsqrt(norm.running_var.float() + norm.eps)
    shift = norm.bias.float() - norm.running_mean.float() * gain
    return gain[:, None, None], shift[:, None, None]
