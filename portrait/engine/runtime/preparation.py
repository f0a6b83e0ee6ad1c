"""Networks made ready to run: folded, in low precision and rearranged where this machine computes that rightly."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from portrait.engine.runtime.memory_layout import channels_last
from portrait.engine.runtime.precision import Float32Conv
from portrait.engine.runtime.rearrangement import Arrangement, arrangement_of
from portrait.engine.runtime.verification import form_of, is_right


def prepare(
    conv: nn.Conv2d, dtype: torch.dtype, batch: int, arrangement: Arrangement | None = None
) -> nn.Conv2d:
    """The float32 ``conv`` in ``dtype``, in ``arrangement`` and channels last, which takes and gives ``dtype``.

    ``batch``: how many pictures it will usually get at once. Where this machine computes that form wrongly, the plain
    float32 convolution is returned instead, with casts around it.
    """
    if not is_right(form_of(conv, dtype, batch, arrangement)):
        fast = conv if dtype == torch.float32 else Float32Conv(conv, dtype)
    else:
        fast = (conv if arrangement is None else arrangement(conv)).to(dtype)
    channels_last(fast)
    return fast


def prepare_all(
    networks: nn.Module, low_precision: Iterable[nn.Module], dtype: torch.dtype, batch: int
) -> None:
    """``prepare`` every convolution of ``networks`` in place.

    Those in the parts ``low_precision`` get ``dtype``, and so do the batch normalizations there; all others stay
    float32. The arrangement is what the modules say (see ``arrangement_of``).
    """
    low = {module for part in low_precision for module in part.modules()}
    for module in list(networks.modules()):
        if isinstance(module, nn.BatchNorm2d) and module in low:
            module.to(dtype)
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Conv2d):
                own = dtype if child in low else torch.float32
                module._modules[name] = prepare(child, own, batch, arrangement_of(module, name))
