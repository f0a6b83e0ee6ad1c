"""Batch normalization folded into the convolution before it: the same function with one pass less."""

from __future__ import annotations

import itertools

import torch
from torch import nn


@torch.no_grad()
def fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Make ``conv`` compute norm(conv(x)), with the statistics that ``norm`` has stored.

    In float64, because rounding twice in float32 shows in a comparison with the published outputs.
    """
    assert norm.running_mean is not None and norm.running_var is not None
    gain = norm.weight.double() * torch.rsqrt(norm.running_var.double() + norm.eps)
    bias = conv.bias.double() if conv.bias is not None else torch.zeros_like(gain)
    conv.weight.copy_(conv.weight.double() * gain[:, None, None, None])
    folded = (bias - norm.running_mean.double()) * gain + norm.bias.double()
    conv.bias = nn.Parameter(folded.float(), requires_grad=False)


def fold_all(networks: nn.Module) -> None:
    """Fold every normalization of ``networks`` that directly follows a convolution, and remove it.

    The order of a Sequential says which those are; any other module lists pairs of names in ``normalized``.
    """
    for module in list(networks.modules()):
        names = list(module._modules)
        pairs = (
            itertools.pairwise(names)
            if isinstance(module, nn.Sequential)
            else getattr(module, "normalized", ())
        )
        for conv_name, norm_name in pairs:
            conv, norm = module._modules[conv_name], module._modules[norm_name]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                fold(conv, norm)
                module._modules[norm_name] = nn.Identity()
