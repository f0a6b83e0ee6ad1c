"""A style network prepared for one clip: its statistics are frozen, and the normalizations folded away.

Instance normalization measures each frame separately, so that a turn of the head shifts the colours of the wall
behind it. Here the statistics are measured once, over a few frames of the clip together, and kept. Each normalization
is then a fixed scale and shift, which fold into the convolution before it; what is left is convolutions and ReLUs,
which is also the fastest way to paint. Some of the convolutions are rearranged (``runtime.rearrangement``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.runtime.preparation import prepare
from portrait.engine.runtime.rearrangement import FourPixelConv, UpsampledConv, upsample_then
from portrait.engine.style.network import EPSILON, ConvLayer, DeepBlock, ResidualBlock, StyleNetwork


@dataclass(frozen=True)
class FoldedBlock:
    """A residual block without its normalizations."""

    first: nn.Conv2d
    second: nn.Conv2d

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        change: Tensor = self.second(self.first(x).relu_())
        return change.add_(x)


@dataclass(frozen=True)
class FoldedDeep:
    """A deep part without its normalizations."""

    down: nn.Conv2d
    blocks: list[FoldedBlock]
    up: nn.Conv2d

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        y = self.down(x).relu_()
        for block in self.blocks:
            y = block(y)
        return upsample_then(self.up, y)[:, :, : x.shape[2], : x.shape[3]].add_(x)


class FrozenNetwork:
    """``network`` in one style, with the statistics of ``reference``, float32 (R, 3, H, W) in 0..1.

    With a single reference frame it paints that frame exactly as ``network`` does. ``painted_reference``: the first
    reference frame, painted, float32 (1, 3, H, W).
    ``batch``: how many frames it usually gets at once.
    """

    def __init__(self, network: StyleNetwork, style: int, reference: Tensor, batch: int = 1) -> None:
        self.network = network
        self._style, self._batch = style, batch
        y = network.enter(reference)
        self.down_layers: list[nn.Conv2d] = []
        for layer in network.down_layers:
            conv, y = self._fold(cast(ConvLayer, layer), y)
            self.down_layers.append(conv)
            y = F.relu(y)
        self.middle: list[FoldedBlock | FoldedDeep] = []
        for module in network.middle():
            fold = self._fold_deep if isinstance(module, DeepBlock) else self._fold_block
            folded, y = fold(cast(Any, module), y)
            self.middle.append(folded)
        self.up_layers: list[nn.Conv2d] = []
        for layer in network.up_layers:
            conv, y = self._fold(cast(ConvLayer, layer), y)
            self.up_layers.append(conv)
            y = F.relu(y)
        output = network.output
        plain = _reflecting(output, output.weight, cast(Tensor, output.bias))
        self.output = prepare(plain, y.dtype, batch, FourPixelConv)
        height, width = reference.shape[2:]
        # All but the last convolution is computed already, to measure the statistics.
        self.painted_reference = network.leave(self.output(y[:1])[:, :, :height, :width])

    def __call__(self, x: Tensor) -> Tensor:
        """float32 (B, 3, H, W) in 0..1 -> float32 (B, 3, H, W), nominally 0..1."""
        height, width = x.shape[2:]
        y = self.network.enter(x)
        for conv in self.down_layers:
            y = conv(y).relu_()
        for block in self.middle:
            y = block(y)
        for conv in self.up_layers:
            y = upsample_then(conv, y).relu_()
        return self.network.leave(self.output(y)[:, :, :height, :width])

    def _fold_block(self, block: ResidualBlock, x: Tensor) -> tuple[FoldedBlock, Tensor]:
        first, inner = self._fold(block.first, x)
        second, change = self._fold(block.second, F.relu(inner))
        return FoldedBlock(first, second), x + change

    def _fold_deep(self, deep: DeepBlock, x: Tensor) -> tuple[FoldedDeep, Tensor]:
        down, y = self._fold(deep.halving, x)
        y = F.relu(y)
        blocks = []
        for block in deep.blocks:
            folded, y = self._fold_block(cast(ResidualBlock, block), y)
            blocks.append(folded)
        up, change = self._fold(deep.doubling, y)
        return FoldedDeep(down, blocks, up), x + change[:, :, : x.shape[2], : x.shape[3]]

    def _fold(self, layer: ConvLayer, x: Tensor) -> tuple[nn.Conv2d, Tensor]:
        """Fold the statistics of ``layer`` on ``x`` into its convolution; returns it and the normalized result."""
        raw = layer.convolve(x)
        scale, shift = layer.norm.scale[self._style], layer.norm.shift[self._style]
        mean, variance = torch.zeros_like(scale), torch.zeros_like(scale)  # (O,) each
        normalized = F.batch_norm(raw, mean, variance, scale, shift, training=True, momentum=1.0, eps=EPSILON)
        values = raw.numel() // raw.shape[1]
        # batch_norm reports Bessel's unbiased variance, but divides by the biased one.
        gain = scale * torch.rsqrt(variance * ((values - 1) / values) + EPSILON)
        shift = shift - mean * gain
        weight = layer.conv.weight * gain[:, None, None, None]
        conv = _reflecting(layer.conv, weight, cast(Tensor, layer.conv.bias) * gain + shift)
        arrangement = UpsampledConv if layer.upsample == 2 else None
        return prepare(conv, raw.dtype, self._batch, arrangement), normalized


def _reflecting(conv: nn.Conv2d, weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """A convolution of the sizes of ``conv`` with other parameters, which pads by reflection to keep the size."""
    padded = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,  # type: ignore[arg-type]
        conv.stride,  # type: ignore[arg-type]
        conv.kernel_size[0] // 2,
        padding_mode="reflect",
        device="meta",
    )
    padded.weight = nn.Parameter(weight.clone(), requires_grad=False)
    padded.bias = nn.Parameter(bias.clone(), requires_grad=False)
    return padded
