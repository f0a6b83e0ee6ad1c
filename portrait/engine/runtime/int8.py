"""8-bit integer convolutions by oneDNN, on processors with AVX-512 VNNI."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.runtime.verification import MOST_ERROR, difference, random_values, within_limit


def is_supported(device: torch.device) -> bool:
    """Whether this processor multiplies 8-bit integers (AVX-512 VNNI) and this torch can use it."""
    return (
        device.type == "cpu"
        and torch.cpu._is_avx512_supported()
        and torch.cpu._is_vnni_supported()
        and hasattr(torch.ops.onednn, "qconv2d_pointwise")
    )


class Int8Conv:
    """A zero-padded 3x3 convolution of unsigned bytes, each of which stands for that many times ``scale``.

    ``weight`` (O, I, 3, 3) gets one scale for each output channel. ``shape``: of the input, (B, I, H, W).
    """

    def __init__(self, weight: Tensor, bias: Tensor, scale: float, shape: torch.Size) -> None:
        self.weight_scale = weight.abs().amax((1, 2, 3)).clamp(min=1e-8) / 127
        quantized = (weight / self.weight_scale[:, None, None, None]).round().to(torch.int8)
        self.bias, self.scale = bias, scale
        self.weight = torch.ops.onednn.qconv_prepack(
            quantized, self.weight_scale, scale, 0, [1, 1], [1, 1], [1, 1], 1, list(shape)
        )

    def __call__(self, x: Tensor, *, relu_scale: float | None = None) -> Tensor:
        """uint8 (B, I, H, W) -> bfloat16 (B, O, H, W); with ``relu_scale`` ReLU and uint8 of that scale."""
        if relu_scale is None:
            return self._run(x, 1.0, torch.bfloat16, "none")
        return self._run(x, relu_scale, torch.uint8, "relu")

    def _run(self, x: Tensor, scale: float, dtype: torch.dtype, after: str) -> Tensor:
        out: Any = torch.ops.onednn.qconv2d_pointwise(
            x, self.scale, 0, self.weight, self.weight_scale, None, self.bias,
            [1, 1], [1, 1], [1, 1], 1, scale, 0, dtype, after, [], "",
        )  # fmt: skip
        return cast(Tensor, out)


SIDE = 16  # of the random pictures of ``is_right``


@cache
def is_right(inputs: int, outputs: int, batch: int) -> bool:
    """Whether ``Int8Conv`` of that size agrees with float32 on random input, as far as 8 bits allow.

    Checks both kinds of output once per process, and logs a warning where one is wrong.
    """
    with torch.inference_mode():
        weight, bias = random_values(outputs, inputs, 3, 3), random_values(outputs)
        x = ((random_values(batch, inputs, SIDE, SIDE) + 0.5) * 255).to(torch.uint8)
        x = x.contiguous(memory_format=torch.channels_last)
        scale = 1 / 255
        compared = [0, -1] if batch > 1 else [0]
        exact = F.conv2d(x[compared].float() * scale, weight, bias, padding=1)
        conv = Int8Conv(weight, bias, scale, x.shape)
        relu_scale = float(exact.max()) / 255
        errors = (
            difference(conv(x)[compared], exact),
            difference(conv(x, relu_scale=relu_scale)[compared].float() * relu_scale, F.relu(exact)),
        )
    name = f"int8 convolution of {inputs} to {outputs} channels, kernel 3x3"
    return all(within_limit(name, error, MOST_ERROR[torch.int8]) for error in errors)
