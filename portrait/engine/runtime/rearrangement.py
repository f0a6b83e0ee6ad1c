"""Convolutions rearranged into equivalent ones that a processor computes faster."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class UpsampledConv(nn.Conv2d):
    """Nearest upsampling by two and a padded 3x3 ``conv``, as one 2x2 convolution with four times the outputs.

    Three rows of an upsampled picture, in which every row occurs twice, are two rows of the original. Each of the
    four output pixels over one input pixel therefore depends on a 2x2 neighbourhood: 4 * 4 products instead of
    4 * 9, and no upsampled copy (the equivalence: Shi et al., CVPR 2016).

    ``conv`` pads with zeros or by reflection. The border pixel of an upsampled picture occurs twice, so that its
    reflection by one pixel is a replication in the original.
    """

    upsamples = True

    def __init__(self, conv: nn.Conv2d) -> None:
        mode: Literal["replicate", "zeros"] = "replicate" if conv.padding_mode == "reflect" else "zeros"
        # On the meta device no parameters are initialized; they are set below.
        super().__init__(
            conv.in_channels, 4 * conv.out_channels, 2, padding=1, padding_mode=mode, device="meta"
        )
        rows = _merge(conv.weight.detach().double(), 2)  # (2, O, I, 2, 3): by the output's row parity
        both = _merge(rows, 4)  # (2, 2, O, I, 2, 2): column parity, row parity
        weight = both.transpose(0, 1).reshape(-1, conv.in_channels, 2, 2)
        self.weight = nn.Parameter(weight.float(), requires_grad=False)
        self.bias = nn.Parameter(_bias(conv).repeat(4), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, I, H, W) -> (B, O, 2H, 2W)."""
        y = super().forward(x)  # (B, 4 * O, H + 1, W + 1): at p the neighbourhood p - 1, p
        batch, width = len(y), y.shape[1] // 4
        height, length = x.shape[2:]
        out = torch.empty(
            (batch, width, 2 * height, 2 * length),
            dtype=y.dtype,
            device=y.device,
            memory_format=torch.channels_last,
        )
        for index in range(4):
            row, column = divmod(index, 2)
            part = y[:, index * width : (index + 1) * width, row : row + height, column : column + length]
            out[:, :, row::2, column::2] = part
        return out


class FourPixelConv(nn.Conv2d):
    """A padded ``conv`` of stride one on even sides, computed for squares of four pixels at once.

    Three output channels leave most of a vector register empty; twelve fill it.
    """

    upsamples = False

    def __init__(self, conv: nn.Conv2d) -> None:
        kernel, padding = conv.kernel_size[0], conv.padding
        assert not isinstance(padding, str)
        super().__init__(
            conv.in_channels,
            4 * conv.out_channels,
            kernel + 1,
            stride=2,
            padding=padding[0],
            padding_mode=conv.padding_mode,
            device="meta",
        )
        self.weight = nn.Parameter(four_pixels(conv.weight.detach()), requires_grad=False)
        self.bias = nn.Parameter(_bias(conv).repeat_interleave(4), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, I, H, W) -> (B, O, H, W)."""
        return F.pixel_shuffle(super().forward(x), 2)


Arrangement: TypeAlias = type[UpsampledConv] | type[FourPixelConv]

# Deep in an hourglass the pictures are a few pixels and the weights are many: reading the weights takes most of the
# time, and four 2x2 kernels are more to read than one 3x3.
MOST_WEIGHTS = 2**17


def arrangement_of(module: nn.Module, name: str) -> Arrangement | None:
    """The arrangement that suits the convolution ``name`` of ``module``; None where it is best left as it is.

    A module names the convolution that follows an upsampling in ``upsampled``, one with few outputs in ``narrow``.
    """
    conv = module._modules[name]
    if not isinstance(conv, nn.Conv2d) or conv.in_channels * conv.out_channels > MOST_WEIGHTS:
        return None
    if name == getattr(module, "upsampled", None):
        return UpsampledConv
    return FourPixelConv if name == getattr(module, "narrow", None) else None


def upsample_then(conv: nn.Module, x: Tensor) -> Tensor:
    """(B, I, H, W) -> (B, O, 2H, 2W): ``conv`` after nearest upsampling by two."""
    return (
        conv(x) if isinstance(conv, UpsampledConv) else conv(F.interpolate(x, scale_factor=2, mode="nearest"))
    )


def four_pixels(weight: Tensor) -> Tensor:
    """(O, I, k, k) as (4 * O, I, k + 1, k + 1) of stride two; pixel_shuffle puts the four pixels in their places."""
    outputs, inputs, kernel, _ = weight.shape
    wide = weight.new_zeros(outputs, 2, 2, inputs, kernel + 1, kernel + 1)
    for row in range(2):
        for column in range(2):
            wide[:, row, column, :, row : row + kernel, column : column + kernel] = weight
    return wide.reshape(4 * outputs, inputs, kernel + 1, kernel + 1)


def _bias(conv: nn.Conv2d) -> Tensor:
    return conv.weight.new_zeros(conv.out_channels) if conv.bias is None else conv.bias.detach()


def _merge(weight: Tensor, axis: int) -> Tensor:
    """Three taps along ``axis`` as two, for an even and an odd output: stacked in front, (2, ...)."""
    first, second, third = weight.unbind(axis)
    even = torch.stack([first, second + third], axis)
    odd = torch.stack([first + second, third], axis)
    return torch.stack([even, odd])
