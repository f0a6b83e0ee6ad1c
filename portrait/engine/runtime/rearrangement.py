"""The same convolutions, arranged so that a processor computes them faster."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class UpsampledConv(nn.Conv2d):
    """``conv(upsample(x))`` for a zero-padded 3x3 ``conv``, as one 2x2 convolution with four times the outputs.

    Three rows of a picture in which every row stands twice are two rows of the original, so that each of the four
    output pixels under one input pixel sees a 2x2 neighbourhood: 4 * 4 products instead of 4 * 9, and no copy.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__(conv.in_channels, 4 * conv.out_channels, 2, padding=1)
        rows = _merge(conv.weight.detach().double(), 2)  # (2, O, I, 2, 3): by the output's row parity
        both = _merge(rows, 4)  # (2, 2, O, I, 2, 2): column parity, row parity
        weight = both.transpose(0, 1).reshape(-1, conv.in_channels, 2, 2)
        self.weight = nn.Parameter(weight.float(), requires_grad=False)
        bias = torch.zeros(conv.out_channels) if conv.bias is None else conv.bias.detach()
        self.bias = nn.Parameter(bias.repeat(4), requires_grad=False)

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
    """A zero-padded ``conv`` of stride one on even sides, computed for squares of four pixels at once.

    Three output channels leave most of a vector register empty; twelve fill it.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        kernel = conv.kernel_size[0]
        super().__init__(
            conv.in_channels, 4 * conv.out_channels, kernel + 1, stride=2, padding=conv.padding[0]
        )
        self.weight = nn.Parameter(four_pixels(conv.weight.detach()), requires_grad=False)
        bias = torch.zeros(conv.out_channels) if conv.bias is None else conv.bias.detach()
        self.bias = nn.Parameter(bias.repeat_interleave(4), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, I, H, W) -> (B, O, H, W)."""
        return F.pixel_shuffle(super().forward(x), 2)


def four_pixels(weight: Tensor) -> Tensor:
    """(O, I, k, k) as (4 * O, I, k + 1, k + 1) of stride two; pixel_shuffle puts the four pixels in their places."""
    outputs, inputs, kernel, _ = weight.shape
    wide = weight.new_zeros(outputs, 2, 2, inputs, kernel + 1, kernel + 1)
    for row in range(2):
        for column in range(2):
            wide[:, row, column, :, row : row + kernel, column : column + kernel] = weight
    return wide.reshape(4 * outputs, inputs, kernel + 1, kernel + 1)


def upsample_then(conv: nn.Module, x: Tensor) -> Tensor:
    """(B, I, H, W) -> (B, O, 2H, 2W): ``conv`` after nearest upsampling by two."""
    return (
        conv(x) if isinstance(conv, UpsampledConv) else conv(F.interpolate(x, scale_factor=2, mode="nearest"))
    )


# Deep in an hourglass the pictures are a few pixels and the weights are many: reading them is what takes time, and
# four 2x2 kernels are more to read than one 3x3.
MOST_WEIGHTS = 2**17


def rearrange_all(networks: nn.Module) -> None:
    """Replace the convolutions that their modules name in ``upsampled`` (after an upsampling) and ``narrow``."""
    for module in list(networks.modules()):
        for attribute, kind in (("upsampled", UpsampledConv), ("narrow", FourPixelConv)):
            name = getattr(module, attribute, None)
            conv = module._modules[name] if name is not None else None
            if isinstance(conv, nn.Conv2d) and conv.in_channels * conv.out_channels <= MOST_WEIGHTS:
                module._modules[name] = kind(conv)  # type: ignore[index]


def _merge(weight: Tensor, axis: int) -> Tensor:
    """Three taps along ``axis`` as two, for an even and an odd output: stacked in front, (2, ...)."""
    first, second, third = weight.unbind(axis)
    even = torch.stack([first, second + third], axis)
    odd = torch.stack([first + second, third], axis)
    return torch.stack([even, odd])
