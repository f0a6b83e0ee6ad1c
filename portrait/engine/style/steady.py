"""A style network made ready for one clip: normalization frozen and folded away, convolutions rearranged.

Instance normalization measures each frame anew, so that a turn of the head shifts the colours of the wall behind it.
Here the statistics are measured once, over a few frames of the clip together, and held. Each normalization is then a
fixed scale and shift, which fold into the convolution before it; what is left is convolutions and ReLUs, which is
also why this is the fast way to paint. Two of the convolutions are rearranged without changing what they compute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.style.network import EPSILON, ConvLayer, ResidualBlock, StyleNetwork, reflect


@dataclass(frozen=True)
class _Folded:
    """A convolution with its normalization inside."""

    weight: Tensor  # (O, I, k, k), or (4 * O, I, 3, 3) where it also upsamples
    bias: Tensor  # (O,) or (4 * O,)
    stride: int
    upsamples: bool

    def __call__(self, x: Tensor) -> Tensor:
        """(B, I, H, W) -> (B, O, H / stride, W / stride), or twice as high and wide where it upsamples."""
        if self.upsamples:
            # The border pixel of the upsampled image appears twice, so its mirror image is the border itself.
            x = F.pad(x, (1, 1, 1, 1), mode="replicate")
            return F.pixel_shuffle(F.conv2d(x, self.weight, self.bias), 2)
        return F.conv2d(reflect(x, self.weight.shape[2] // 2), self.weight, self.bias, stride=self.stride)


class SteadyNetwork:
    """``network`` in one style, with the statistics of ``reference``, float32 (R, 3, H, W) in 0..1.

    With a single reference frame it paints that frame exactly as ``network`` does. Frames must have its H and W.
    """

    def __init__(self, network: StyleNetwork, style: int, reference: Tensor) -> None:
        self.network = network
        self._style = style
        y = network.enter(reference)
        self.down: list[_Folded] = []
        for layer in network.down:
            folded, y = self._fold(cast(ConvLayer, layer), y)
            self.down.append(folded)
            y = F.relu(y)
        self.res: list[tuple[_Folded, _Folded]] = []
        for module in network.res:
            block = cast(ResidualBlock, module)
            first, inner = self._fold(block.a, y)
            second, change = self._fold(block.b, F.relu(inner))
            self.res.append((first, second))
            y = y + change
        self.up: list[_Folded] = []
        for layer in network.up:
            folded, y = self._fold(cast(ConvLayer, layer), y)
            self.up.append(folded)
            y = F.relu(y)
        self.pad = network.out.kernel_size[0] // 2
        weight, bias = network.out.weight, cast(Tensor, network.out.bias)
        self.out_weight = _ready(_four_pixels(weight), y.dtype)  # (4 * 3, full, 10, 10)
        self.out_bias = bias.repeat_interleave(4).to(y.dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """float32 (B, 3, H, W) in 0..1 -> float32 (B, 3, H, W), nominally 0..1."""
        height, width = x.shape[2:]
        y = self.network.enter(x)
        for layer in self.down:
            y = layer(y).relu_()
        for first, second in self.res:
            y = second(first(y).relu_()).add_(y)
        for layer in self.up:
            y = layer(y).relu_()
        y = F.conv2d(reflect(y, self.pad), self.out_weight, self.out_bias, stride=2)  # (B, 12, H/2, W/2)
        return self.network.leave(F.pixel_shuffle(y, 2)[:, :, :height, :width])

    def _fold(self, layer: ConvLayer, x: Tensor) -> tuple[_Folded, Tensor]:
        """Measure what ``layer`` makes of ``x`` and fold the normalization; returns it and the normalized result."""
        raw = layer.convolve(x)
        scale, shift = layer.norm.scale[self._style], layer.norm.shift[self._style]
        mean, variance = torch.zeros_like(scale), torch.zeros_like(scale)  # (O,) each
        normalized = F.batch_norm(raw, mean, variance, scale, shift, training=True, momentum=1.0, eps=EPSILON)
        values = raw.numel() // raw.shape[1]
        # What batch_norm reports is Bessel's unbiased variance; what it divides by is not.
        gain = scale * torch.rsqrt(variance * ((values - 1) / values) + EPSILON)
        shift = shift - mean * gain
        weight = layer.conv.weight * gain[:, None, None, None]
        bias = cast(Tensor, layer.conv.bias) * gain + shift
        if layer.upsample == 2:
            weight, bias = _at_half_size(weight), bias.repeat_interleave(4)
        folded = _Folded(
            _ready(weight, raw.dtype), bias.to(raw.dtype), layer.conv.stride[0], layer.upsample == 2
        )
        return folded, normalized


def _ready(weight: Tensor, dtype: torch.dtype) -> Tensor:
    return weight.to(dtype).contiguous(memory_format=torch.channels_last)


def _at_half_size(weight: Tensor) -> Tensor:
    """(O, I, 3, 3) after nearest upsampling by two, as (4 * O, I, 3, 3) before it; pixel_shuffle follows.

    An upsampled pixel and its neighbours lie on only two pixels of the small image in each direction: an even one on
    those before and under it, an odd one on those under and after it (Shi et al., CVPR 2016).
    """
    taps = weight.new_tensor(
        [[[1, 0, 0], [0, 1, 1], [0, 0, 0]], [[0, 0, 0], [1, 1, 0], [0, 0, 1]]]
    )  # (parity, small pixel, upsampled pixel)
    spread = torch.einsum("oiyx,pay,qbx->opqiab", weight, taps, taps)  # (O, 2, 2, I, 3, 3)
    return spread.reshape(-1, *weight.shape[1:])


def _four_pixels(weight: Tensor) -> Tensor:
    """(O, I, k, k) as (4 * O, I, k + 1, k + 1) of stride two, for a square of four pixels at once.

    Three output channels leave most of a vector register empty; twelve fill it.
    """
    outputs, inputs, kernel, _ = weight.shape
    wide = weight.new_zeros(outputs, 2, 2, inputs, kernel + 1, kernel + 1)
    for row in range(2):
        for column in range(2):
            wide[:, row, column, :, row : row + kernel, column : column + kernel] = weight
    return wide.reshape(4 * outputs, inputs, kernel + 1, kernel + 1)
