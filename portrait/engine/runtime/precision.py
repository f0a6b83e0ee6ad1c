"""The device and the precision of the computation, detected from the hardware."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from portrait.engine.errors import ChoiceError

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "float32", "bfloat16")


def choose_device(device: str) -> torch.device:
    """``auto`` is CUDA where there is one. Raises ChoiceError for an unknown or absent device."""
    if device not in DEVICES:
        raise ChoiceError(
            f"there is no device {device!r}; choose one of {', '.join(DEVICES)}", code="unknown_device"
        )
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    elif device == "cuda" and not torch.cuda.is_available():
        raise ChoiceError("there is no CUDA device that torch can use here", code="unknown_device")
    return torch.device(device)


def choose_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The dtype of the convolutions. ``auto`` is bfloat16 where the hardware multiplies in it, else float32.

    Raises ChoiceError for an unknown precision.
    """
    if precision not in PRECISIONS:
        raise ChoiceError(
            f"there is no precision {precision!r}; choose one of {', '.join(PRECISIONS)}",
            code="unknown_precision",
        )
    if precision == "auto":
        precision = "bfloat16" if has_bfloat16(device) else "float32"
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 convolutions are faster than float32: AVX512-BF16 or AMX on a CPU, Ampere or later on CUDA.

    Without them a CPU emulates bfloat16, which is slower than float32.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


class Float32Conv(nn.Conv2d):
    """A float32 convolution inside a network of the dtype ``outer``: casts its input and its output.

    It shares the weights of ``conv``.
    """

    def __init__(self, conv: nn.Conv2d, outer: torch.dtype) -> None:
        super().__init__(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,  # type: ignore[arg-type]
            conv.stride,  # type: ignore[arg-type]
            conv.padding,  # type: ignore[arg-type]
            groups=conv.groups,
            padding_mode=conv.padding_mode,
            device="meta",
        )
        self.weight, self.bias, self.outer = conv.weight, conv.bias, outer

    def forward(self, x: Tensor) -> Tensor:
        """``outer`` (B, I, H, W) -> ``outer`` (B, O, h, w)."""
        return super().forward(x.float()).to(self.outer)


def working_dtype(conv: nn.Conv2d) -> torch.dtype:
    """The dtype that ``conv`` takes and gives."""
    return conv.outer if isinstance(conv, Float32Conv) else conv.weight.dtype
