"""The blocks that the compact networks are built of."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.runtime.rearrangement import upsample_then


class ConvNorm(nn.Sequential):
    """Convolution without bias, batch normalization, ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class UpConvNorm(ConvNorm):
    """Nearest upsampling by two, then ``ConvNorm``."""

    upsampled = "0"

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, 2H, 2W)."""
        return self[2](self[1](upsample_then(self[0], x)))


class Hourglass(nn.Module):
    """Strided convolutions down, nearest upsampling and convolutions up, with skip connections."""

    def __init__(self, inputs: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, channels[0])
        self.down_blocks = nn.ModuleList(ConvNorm(a, b, 2) for a, b in itertools.pairwise(channels))
        up_blocks, width = [], channels[-1]
        for channel in reversed(channels[:-1]):
            up_blocks.append(UpConvNorm(width, channel))
            width = 2 * channel
        self.up_blocks = nn.ModuleList(up_blocks)
        self.width = width

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, width, H, W)."""
        levels = [self.first(x)]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        y = levels.pop()
        for block in self.up_blocks:
            y = torch.cat([block(y), levels.pop()], 1)
        return y


class ResidualBlock(nn.Module):
    """relu(x + norm(conv(relu(norm(conv(x))))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvNorm(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) -> the same shape."""
        return F.relu(x + self.second(self.first(x)), inplace=True)
