"""The published fast-neural-style ``.pth`` files: one style each, ``StyleNetwork`` with other parameter names."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from portrait.engine.errors import CheckpointError
from portrait.engine.style.network import StyleNetwork

# Files saved before torch 0.4 also carry running statistics, which instance normalization never uses.
UNUSED = (".running_mean", ".running_var", ".num_batches_tracked")


def is_published(tensors: dict[str, Tensor]) -> bool:
    """Whether ``tensors`` have the published network's names, whatever the file's format."""
    return "conv1.conv2d.weight" in tensors


def build_published(path: Path, tensors: dict[str, Tensor]) -> tuple[StyleNetwork, dict[str, Tensor]]:
    """The network that fits the published ``tensors``, and the tensors under that network's names.

    ``path`` is named in the CheckpointError, which is raised where a tensor is missing, superfluous or misshapen.
    """
    tensors = {key: tensor for key, tensor in tensors.items() if not key.endswith(UNUSED)}
    blocks = 0
    while f"res{blocks + 1}.conv1.conv2d.weight" in tensors:
        blocks += 1
    names = _names(blocks)
    for key in tensors:
        if key not in names:
            raise CheckpointError(path, "is no published style network", key=key)
    for key in names:
        if key not in tensors:
            raise CheckpointError(path, "lacks a tensor of the published style network", key=key)
    widths = tuple(int(tensors[f"conv{n}.conv2d.bias"].numel()) for n in (1, 2, 3))
    network = StyleNetwork(1, (widths[0], widths[1], widths[2]), blocks, published=True)
    wanted = network.state_dict()
    renamed = {}
    for key, ours in names.items():
        # The published normalization has one scale a channel; ours has a row of them for each style.
        renamed[ours] = tensors[key][None] if ".norm." in ours else tensors[key]
        if renamed[ours].shape != wanted[ours].shape:
            raise CheckpointError(path, f"has a tensor of shape {tuple(tensors[key].shape)}", key=key)
    return network, renamed


def _names(blocks: int) -> dict[str, str]:
    """From the published state dict's keys to ours."""
    layers = {f"conv{n + 1}": (f"in{n + 1}", f"down_layers.{n}") for n in range(3)}
    layers |= {f"deconv{n + 1}": (f"in{n + 4}", f"up_layers.{n}") for n in range(2)}
    for n in range(blocks):
        layers[f"res{n + 1}.conv1"] = (f"res{n + 1}.in1", f"residual_blocks.{n}.first")
        layers[f"res{n + 1}.conv2"] = (f"res{n + 1}.in2", f"residual_blocks.{n}.second")
    names = {"deconv3.conv2d.weight": "output.weight", "deconv3.conv2d.bias": "output.bias"}
    for conv, (norm, ours) in layers.items():
        names |= {f"{conv}.conv2d.{part}": f"{ours}.conv.{part}" for part in ("weight", "bias")}
        names |= {f"{norm}.weight": f"{ours}.norm.scale", f"{norm}.bias": f"{ours}.norm.shift"}
    return names
