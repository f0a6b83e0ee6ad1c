"""Batch normalization folded into the convolution before it: the same function, one pass less."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Make ``conv`` compute norm(conv(x)), with the statistics that ``norm`` has stored.

    In float64: the two roundings of float32 would be seen beside the published outputs.
    """
    assert norm.running_mean is not None and norm.running_var is not None
    gain = norm.weight.double() * torch.rsqrt(norm.running_var.double() + norm.eps)
    bias = conv.bias.double() if conv.bias is not None else torch.zeros_like(gain)
    conv.weight.copy_(conv.weight.double() * gain[:, None, None, None])
    folded = (bias - norm.running_mean.double()) * gain + norm.bias.double()
    conv.bias = nn.Parameter(folded.float(), requires_grad=False)
