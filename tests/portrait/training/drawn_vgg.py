"""A VGG-16 with random filters and few channels, for fast tests."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file


def write_vgg(path: Path) -> Path:
    """Write the convolutions up to conv4_3, eight channels each, to ``path``."""
    generator = torch.Generator().manual_seed(0)
    tensors, inputs = {}, 3
    for block, count in enumerate((2, 2, 3, 3), 1):
        for index in range(1, count + 1):
            filters = torch.randn(8, inputs, 3, 3, generator=generator) * (2 / (9 * inputs)) ** 0.5
            tensors[f"conv{block}_{index}.weight"] = filters
            tensors[f"conv{block}_{index}.bias"] = torch.zeros(8)
            inputs = 8
    save_file(tensors, path)
    return path
