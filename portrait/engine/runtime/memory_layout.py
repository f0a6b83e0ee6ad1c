"""Tensors in the memory layout and the dtype that the convolutions take."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from portrait.engine.runtime.precision import working_dtype


def channels_last(module: nn.Module) -> None:
    """Keep the weights of all convolutions of ``module`` channels last, which the CPU's kernels prefer."""
    for conv in module.modules():
        if isinstance(conv, nn.Conv2d):
            conv.weight.data = conv.weight.contiguous(memory_format=torch.channels_last)


def fit(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """(B, C, H, W) in the dtype that ``conv`` takes and its weights' memory layout, copied only where they differ."""
    last = conv.weight.is_contiguous(memory_format=torch.channels_last)
    return x.to(working_dtype(conv), memory_format=torch.channels_last if last else torch.contiguous_format)


def join(parts: Iterable[Tensor], conv: nn.Conv2d) -> Tensor:
    """The (B, C_i, H, W) concatenated, fit for ``conv``; each takes the layout before it is copied."""
    return torch.cat([fit(part, conv) for part in parts], 1)
