"""Checks that a fast form of a convolution is right on this machine, before it is used.

Low precision and rearranged convolutions run kernels that plain float32 does not use, and such a kernel can be
wrong: in torch 2.13 the bfloat16 convolution on AMX has a relative error of 1.1 for 8 to 15 input channels and an
8x8 kernel. Each form is compared once per process with float32 in the plain arrangement, on random input.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from portrait.engine.runtime.rearrangement import Arrangement, upsample_then

logger = logging.getLogger(__name__)

# The largest relative error (root mean square of the difference over that of the exact output) that rounding
# explains, with a margin.
# Measured on random input: 0.3 % in bfloat16, 1 % in int8; float32 includes TF32 on CUDA, 0.1 %.
MOST_ERROR = {torch.float32: 0.01, torch.bfloat16: 0.03, torch.int8: 0.05}
# Sides of the random pictures: the largest with which a form takes at most so many multiplications. Layers with many
# weights lie deep in a network, where pictures are as small.
SIDES, MOST_PRODUCTS = (32, 16, 8, 4), 2**26


@dataclass(frozen=True)
class ConvForm:
    """What decides which kernel computes a convolution. The numbers are those of the plain convolution.

    ``arrangement``: None is the plain one. ``output_padding`` is None but for a transposed convolution.
    """

    inputs: int
    outputs: int
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dtype: torch.dtype
    device: str
    batch: int
    padding_mode: str = "zeros"
    groups: int = 1
    arrangement: Arrangement | None = None
    output_padding: tuple[int, ...] | None = None

    def __str__(self) -> str:
        form = [str(self.dtype).removeprefix("torch.")]
        if self.arrangement is not None:
            form.append(f"rearranged ({self.arrangement.__name__})")
        form.append("convolution" if self.output_padding is None else "transposed convolution")
        size, stride = ("x".join(map(str, numbers)) for numbers in (self.kernel, self.stride))
        return f"{' '.join(form)} of {self.inputs} to {self.outputs} channels, kernel {size}, stride {stride}"


def form_of(conv: nn.Conv2d, dtype: torch.dtype, batch: int, arrangement: Arrangement | None) -> ConvForm:
    """The form in which the plain ``conv`` would run in ``dtype`` and ``arrangement``."""
    padding, padding_mode = conv.padding, conv.padding_mode
    assert not isinstance(padding, str)
    if arrangement is None and padding_mode != "zeros":
        # Other paddings are a step of their own, after which the kernel runs without any.
        padding, padding_mode = (0, 0), "zeros"
    return ConvForm(
        inputs=conv.in_channels,
        outputs=conv.out_channels,
        kernel=conv.kernel_size,
        stride=conv.stride,
        padding=padding,
        dtype=dtype,
        device=conv.weight.device.type,
        batch=batch,
        padding_mode=padding_mode,
        groups=conv.groups,
        arrangement=arrangement,
    )


@cache
def is_right(form: ConvForm) -> bool:
    """Whether this machine computes ``form`` as exactly as its dtype allows; logs a warning where it does not.

    Plain float32 is what the others are compared with, and right by definition.
    """
    if form.dtype == torch.float32 and form.arrangement is None:
        return True
    return within_limit(str(form), relative_error(form), MOST_ERROR[form.dtype])


def within_limit(name: str, error: float, limit: float) -> bool:
    """Whether ``error`` is at most ``limit``; logs a warning about ``name`` where it is more, or not a number."""
    if error <= limit:
        return True
    logger.warning(
        "this machine computes the %s wrongly (relative error %.2g, at most %.2g expected);"
        " plain float32 replaces it",
        name,
        error,
        limit,
    )
    return False


def relative_error(form: ConvForm) -> float:
    """The relative error of ``form`` on random weights and input, against plain float32."""
    with torch.inference_mode():
        plain = _random_conv(form)
        products = form.batch * plain.weight.numel()  # for each pixel
        side = next((side for side in SIDES if products * side**2 <= MOST_PRODUCTS), SIDES[-1])
        side = max(
            side, 2 * ((max(form.kernel) + 1) // 2)
        )  # even, and enough for a kernel that is not padded
        x = random_values(form.batch, form.inputs, side, side).to(form.device)
        x = x.contiguous(memory_format=torch.channels_last)
        # The images of a batch do not depend on each other: two of them are enough to compare.
        compared = [0, -1] if form.batch > 1 else [0]
        # A network says where it upsamples; the plain convolution is called accordingly.
        call: Callable[[nn.Module, Tensor], Tensor] = (
            upsample_then
            if form.arrangement is not None and form.arrangement.upsamples
            else nn.Module.__call__
        )
        exact = call(plain, x[compared])
        fast = (
            plain if form.arrangement is None or not isinstance(plain, nn.Conv2d) else form.arrangement(plain)
        )
        fast.to(form.dtype)
        return difference(call(fast, x.to(form.dtype))[compared], exact)


def difference(found: Tensor, exact: Tensor) -> float:
    """The root mean square of ``found`` less ``exact``, over that of ``exact``."""
    return float((found.float() - exact).norm() / exact.norm())


def random_values(*shape: int) -> Tensor:
    """float32 of ``shape`` in -0.5..0.5; the same at every call."""
    noise, count = _noise(), math.prod(shape)
    times = -(-count // len(noise))
    return (noise if times == 1 else noise.repeat(times))[:count].reshape(shape)


@cache
def _noise() -> Tensor:
    # Drawing numbers for the largest weights would take longer than the convolution. A prime length keeps the
    # repetitions from aligning with the channels.
    return torch.rand(1_048_583, generator=torch.Generator().manual_seed(0)) - 0.5


def _random_conv(form: ConvForm) -> nn.Conv2d | nn.ConvTranspose2d:
    # Without torch's own initialization, which would move the process' random numbers on.
    conv: nn.Conv2d | nn.ConvTranspose2d
    numbers = (form.inputs, form.outputs, form.kernel, form.stride, form.padding)
    if form.output_padding is None:
        conv = nn.utils.skip_init(
            nn.Conv2d, *numbers, groups=form.groups, padding_mode=form.padding_mode, device=form.device
        )
    else:
        conv = nn.utils.skip_init(
            nn.ConvTranspose2d, *numbers, form.output_padding, groups=form.groups, device=form.device
        )
    assert conv.bias is not None
    for parameter in (conv.weight, conv.bias):
        parameter.copy_(random_values(*parameter.shape))
    return conv
