"""Features of a frozen VGG network (Simonyan and Zisserman, ICLR 2015), for perceptual losses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.checkpoints.weights import read_tensors
from portrait.engine.errors import CheckpointError, ChoiceError
from portrait.engine.runtime.memory_layout import channels_last
from portrait.training.perceptual import TORCHVISION

MEAN = (123.68, 116.779, 103.939)  # of ImageNet, RGB in 0..255
STANDARD_DEVIATION = (0.229, 0.224, 0.225)  # of torchvision's input normalization, in 0..1
VGG16_BLOCKS = (2, 2, 3, 3, 3)  # convolutions of each block
WEIGHT = re.compile(r"conv(\d)_(\d)\.weight")


class FeatureNetwork(Protocol):
    """What the losses compare pictures with: a VGG, or a small network that imitates it."""

    mean: Tensor

    def extract(self, images: Tensor, last: str | None = None) -> list[Tensor]:
        """Features of float (B, 3, H, W) images in 0..1, of its taps up to ``last``."""
        ...


class VGGFeatures(nn.Module):
    """A VGG up to the last requested layer: convolutions ``convB_I`` (block, index), each followed by ReLU."""

    mean: Tensor

    def __init__(self, tensors: Mapping[str, Tensor], taps: Sequence[str], path: Path | str) -> None:
        """Args:
            tensors: ``convB_I.weight`` (O, I, 3, 3) and ``convB_I.bias``.
            taps: the layers whose features are returned, such as ``relu3_2``.
            path: where the tensors are from, for error messages.

        Raises CheckpointError where a convolution is missing or of another shape.
        """
        super().__init__()
        layers = sorted((int(m[1]), int(m[2])) for m in map(WEIGHT.fullmatch, tensors) if m)
        wanted = [_block_and_index(tap) for tap in taps]
        for layer in wanted:
            if layer not in layers:
                raise CheckpointError(path, "a tensor is missing", key="conv{}_{}.weight".format(*layer))
        self.taps = set(wanted)
        self.layers = [layer for layer in layers if layer <= max(wanted)]
        channels = 3
        for block, index in self.layers:
            name = f"conv{block}_{index}"
            weight, bias = tensors[f"{name}.weight"], tensors.get(f"{name}.bias")
            if weight.shape[1:] != (channels, 3, 3) or bias is None or bias.shape != weight.shape[:1]:
                raise CheckpointError(path, f"is no 3x3 convolution of {channels} channels", key=name)
            conv = nn.Conv2d(channels, len(weight), 3, 1, 1)
            with torch.no_grad():
                conv.weight.copy_(weight)
                assert conv.bias is not None
                conv.bias.copy_(bias)
            self.add_module(name, conv)
            channels = len(weight)
        self.register_buffer("mean", torch.tensor(MEAN).reshape(1, 3, 1, 1))
        self.requires_grad_(False).eval()
        channels_last(self)

    @classmethod
    def load(cls, source: Path | str, taps: Sequence[str]) -> VGGFeatures:
        """Load a safetensors file with keys ``convB_I.weight`` and ``.bias``, or VGG-16 from ``"torchvision"``.

        Torchvision downloads its weights. Raises CheckpointError, and ChoiceError (``torchvision_missing``) where
        torchvision cannot be used.
        """
        if str(source) == TORCHVISION:
            return cls(_torchvision_weights(), taps, TORCHVISION)
        return cls(read_tensors(source), taps, source)

    def extract(self, images: Tensor, last: str | None = None) -> list[Tensor]:
        """Features of float (B, 3, H, W) images in 0..1.

        Returns one (B, C, H / 2^b, W / 2^b) tensor for each tap, in the order of the layers, b being the block's
        index from 0. ``last``: the tap to stop at (default: the last one).
        """
        end = self.layers[-1] if last is None else _block_and_index(last)
        x = (images * 255 - self.mean).contiguous(memory_format=torch.channels_last)
        features, block = [], 1
        for layer in self.layers:
            if layer[0] > block:
                x, block = F.max_pool2d(x, 2), layer[0]
            x = F.relu(self.get_submodule("conv{}_{}".format(*layer))(x))
            if layer in self.taps:
                features.append(x)
            if layer == end:
                break
        return features


def _block_and_index(tap: str) -> tuple[int, int]:
    """Block and index of a tap such as ``relu3_2``."""
    return int(tap[4]), int(tap[6])


def _torchvision_weights() -> dict[str, Tensor]:
    """Torchvision's VGG-16 with keys ``convB_I``, its input normalization folded into the first convolution."""
    try:
        from torchvision.models import VGG16_Weights, vgg16

        network = vgg16(weights=VGG16_Weights.IMAGENET1K_V1)
    except (ImportError, RuntimeError, OSError) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ChoiceError(
            f"torchvision cannot be used here ({line}); name a file of VGG weights with --perceptual",
            code="torchvision_missing",
        ) from error
    convolutions = [module for module in network.features if isinstance(module, nn.Conv2d)]
    names = [f"conv{b}_{i}" for b, count in enumerate(VGG16_BLOCKS, 1) for i in range(1, count + 1)]
    tensors: dict[str, Tensor] = {}
    for name, conv in zip(names, convolutions, strict=True):
        assert conv.bias is not None
        tensors[f"{name}.weight"], tensors[f"{name}.bias"] = conv.weight.detach(), conv.bias.detach()
    scale = 255 * torch.tensor(STANDARD_DEVIATION).reshape(1, 3, 1, 1)
    tensors["conv1_1.weight"] = tensors["conv1_1.weight"] / scale
    return tensors
