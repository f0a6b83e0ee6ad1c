"""Tensors in the shape of memory that the convolutions want."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def channels_last(module: nn.Module) -> None:
    """Keep the weights of all convolutions of ``module`` channels last, which the CPU's kernels prefer."""
    for conv in module.modules():
        if isinstance(conv, nn.Conv2d):
            conv.weight.data = conv.weight.contiguous(memory_format=torch.channels_last)


def fit(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """(B, C, H, W) in the dtype and the memory layout of the weights of ``conv``, copied only where they differ."""
    last = conv.weight.is_contiguous(memory_format=torch.channels_last)
    return x.to(conv.weight.dtype, memory_format=torch.channels_last if last else torch.contiguous_format)


def join(parts: Iterable[Tensor], conv: nn.Conv2d) -> Tensor:
    """The (B, C_i, H, W) one after the other, fit for ``conv``; each takes its layout before it is copied."""
    return torch.cat([fit(part, conv) for part in parts], 1)
