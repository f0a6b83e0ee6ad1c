"""Parameter names of weights files that were written before the networks' attributes were renamed."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

# Each table maps a part of a dotted key to its current name; the other parts are unchanged.
MOTION = {
    "hg": "hourglass",
    "inc": "first",
    "down": "down_blocks",
    "up": "up_blocks",
    "kp": "heatmap",
    "jac": "jacobian",
    "sig": "log_widths",
    "amp": "prior_logits",
    "bg": "background_logit",
    "mid": "coarse_head",
    "hi": "fine_head",
    "mask": "output",
    "e0": "half_encoder",
    "e1": "quarter_encoder",
    "e2": "eighth_encoder",
    "res": "bottleneck",
    "ci": "condition",
    "u1": "quarter_upsampler",
    "m1": "quarter_decoder",
    "u0": "half_upsampler",
    "m0": "half_decoder",
    "head": "output",
    "a": "first",
    "b": "second",
}
PAINTER = {
    "down": "down_layers",
    "res": "residual_blocks",
    "up": "up_layers",
    "out": "output",
    "a": "first",
    "b": "second",
}


def current_names(tensors: Mapping[str, Tensor], table: Mapping[str, str]) -> dict[str, Tensor]:
    """``tensors`` under their current names; those of a current file are left as they are."""
    return {
        ".".join(table.get(part, part) for part in key.split(".")): tensor for key, tensor in tensors.items()
    }
