"""The published generator's bottleneck in 8-bit integers: most of its arithmetic, at twice the speed of bfloat16.

Weights have one scale for each output channel, activations one for each convolution, taken from the very source that
is animated (its own pose, which every frame is a warp of). Whether that is good enough is measured there as well: see
``PublishedModel``.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.published import ResidualBlock

# Other poses show the source's features elsewhere and mixed, seldom larger.
HEADROOM = 1.1


def is_supported(device: torch.device) -> bool:
    """Whether this processor multiplies bytes (AVX-512 VNNI) and this torch can use it."""
    return (
        device.type == "cpu"
        and torch.cpu._is_avx512_supported()
        and torch.cpu._is_vnni_supported()
        and hasattr(torch.ops.onednn, "qconv2d_pointwise")
    )


class ByteConv:
    """A 3x3 convolution, weights (O, I, 3, 3), with zero padding, of unsigned bytes that stand for ``scale`` each."""

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


class ByteBottleneck:
    """Residual blocks in bytes; the sums between them stay bfloat16."""

    def __init__(self, bottleneck: nn.Sequential, features: Tensor) -> None:
        """``features``: bfloat16 (1, C, H, W), what a frame in the source's own pose gives the bottleneck."""
        self.blocks = []
        x = features
        for block in cast(list[ResidualBlock], list(bottleneck)):
            gain, shift = affine(block.norm1)
            before = F.relu(torch.addcmul(shift, x.float(), gain))
            between = F.relu(block.conv1(before.to(x.dtype)))
            x = x + block.conv2(between)
            weights = [conv.weight.float() for conv in (block.conv1, block.conv2)]
            biases = [cast(Tensor, conv.bias).float() for conv in (block.conv1, block.conv2)]
            # What is small in the activations and large in the weights, or the other way round, meets in the middle
            # (Xiao et al., SmoothQuant, ICML 2023).
            ease = [balance(t.float(), w) for t, w in zip((before, between), weights, strict=True)]
            first_scale, second_scale = (
                float((t.float() / e).max().clamp(min=1e-6)) * HEADROOM / 255
                for t, e in zip((before, between), ease, strict=True)
            )
            out = ease[1][:, None]  # (O, 1, 1, 1)
            first = ByteConv(weights[0] * ease[0] / out, biases[0] / ease[1].flatten(), first_scale, x.shape)
            second = ByteConv(weights[1] * ease[1], biases[1], second_scale, x.shape)
            unit = ease[0] * first_scale
            self.blocks.append(((gain / unit).to(x.dtype), (shift / unit).to(x.dtype), first, second))

    def __call__(self, x: Tensor) -> Tensor:
        """bfloat16 (B, C, H, W) -> the same shape."""
        for gain, shift, first, second in self.blocks:
            # Half is added for the truncation to round.
            before = torch.addcmul(shift, x, gain).clamp_(0, 255).add_(0.5).to(torch.uint8)
            x = second(first(before, relu_scale=second.scale)).add_(x)
        return x


def balance(activations: Tensor, weight: Tensor) -> Tensor:
    """What to divide each channel of (1, C, H, W) by, and multiply the weights (O, C, 3, 3) by: (C, 1, 1)."""
    by_channel = activations.amax((0, 2, 3)).clamp(min=1e-5), weight.abs().amax((0, 2, 3)).clamp(min=1e-5)
    return (by_channel[0] / by_channel[1]).sqrt()[:, None, None]


def affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Batch normalization with stored statistics as gain and shift, float32 (C, 1, 1) each."""
    assert norm.running_mean is not None and norm.running_var is not None
    gain = norm.weight.float() * torch.rsqrt(norm.running_var.float() + norm.eps)
    shift = norm.bias.float() - norm.running_mean.float() * gain
    return gain[:, None, None], shift[:, None, None]
