"""Padding by reflection."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def reflect(x: Tensor, pad: int) -> Tensor:
    """Mirror ``pad`` pixels of (B, C, H, W) over each border, the border pixel itself not repeated."""
    if x.is_cuda and x.requires_grad:
        padded: Tensor = Reflection.apply(x, pad)
        return padded
    return F.pad(x, (pad, pad, pad, pad), mode="reflect")


class Reflection(torch.autograd.Function):
    """Reflection for training on a GPU: it keeps channels last, and its gradient needs no atomic additions."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, pad: int) -> Tensor:
        """(B, C, H, W) -> (B, C, H + 2 pad, W + 2 pad); sides must be above ``pad``."""
        ctx.pad = pad
        batch, channels, height, width = x.shape
        out = torch.empty(
            (batch, channels, height + 2 * pad, width + 2 * pad),
            dtype=x.dtype,
            device=x.device,
            memory_format=torch.channels_last,
        )
        rows = out[:, :, pad : pad + height]
        rows[..., pad : pad + width] = x
        rows[..., :pad] = x[..., 1 : pad + 1].flip(3)
        rows[..., pad + width :] = x[..., width - pad - 1 : width - 1].flip(3)
        out[:, :, :pad] = out[:, :, pad + 1 : 2 * pad + 1].flip(2)
        out[:, :, pad + height :] = out[:, :, height - 1 : pad + height - 1].flip(2)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Each pixel's gradient is the sum of those of its copies."""
        pad: int = ctx.pad
        gradient = gradients[0]
        height, width = gradient.shape[2] - 2 * pad, gradient.shape[3] - 2 * pad
        rows = gradient[:, :, pad : pad + height].clone(memory_format=torch.channels_last)
        rows[:, :, 1 : pad + 1] += gradient[:, :, :pad].flip(2)
        rows[:, :, height - pad - 1 : height - 1] += gradient[:, :, pad + height :].flip(2)
        out = rows[..., pad : pad + width].clone(memory_format=torch.channels_last)
        out[..., 1 : pad + 1] += rows[..., :pad].flip(3)
        out[..., width - pad - 1 : width - 1] += rows[..., pad + width :].flip(3)
        return out, None
