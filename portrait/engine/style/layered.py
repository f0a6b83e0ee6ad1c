"""A style network given as a list of layers: the form in which Torch7's fast-neural-style networks are imported.

Their paddings, their residual blocks (which crop the shortcut instead of padding) and their colours (BGR less the
mean of ImageNet, a hyperbolic tangent at the end) differ from those of ``StyleNetwork``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.errors import CheckpointError
from portrait.engine.runtime.verification import ConvForm, is_right

# In a safetensors file's metadata: the layers, as JSON.
LAYERS_KEY = "portrait-style-layers-1"
# The mean of ImageNet's pictures in the networks' own channel order (blue, green, red), 0..255.
MEAN_BGR = (103.939, 116.779, 123.68)
Layer = Mapping[str, Any]
TRIED_SIDE = 64  # larger than the published networks' first padding
# The tensors that each kind of layer has.
TENSORS = {
    "conv": ("weight", "bias"),
    "deconv": ("weight", "bias"),
    "instance-norm": ("weight", "bias"),
    "batch-norm": ("weight", "bias", "mean", "variance"),
}


def read_layers(path: Path) -> list[Layer] | None:
    """The layers that a safetensors file describes; None for any other file. Raises CheckpointError."""
    if path.suffix != ".safetensors":
        return None
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(LAYERS_KEY)
        return None if text is None else json.loads(text)
    except (OSError, SafetensorError, ValueError) as error:
        raise CheckpointError(path, f"is damaged or cut short ({error})") from error


def build_layered(path: Path, layers: list[Layer], tensors: Mapping[str, Tensor]) -> LayeredNetwork:
    """The network of ``layers`` with ``tensors``, tried on a small picture.

    Raises CheckpointError, which names ``path``, where a layer is unknown or its tensors do not fit.
    """
    try:
        network = LayeredNetwork(layers, tensors)
        with torch.inference_mode():
            painted = network(torch.zeros(1, 3, TRIED_SIDE, TRIED_SIDE), 0)
    except KeyError as error:
        raise CheckpointError(
            path, "a tensor or a number of a layer is missing", key=str(error.args[0])
        ) from error
    except (ValueError, TypeError, RuntimeError) as error:
        raise CheckpointError(
            path, f"its layers do not fit together ({' '.join(str(error).split())})"
        ) from error
    if painted.shape != (1, 3, TRIED_SIDE, TRIED_SIDE):
        raise CheckpointError(
            path, f"paints {tuple(painted.shape[1:])} where {(3, TRIED_SIDE, TRIED_SIDE)} is needed"
        )
    return network


class LayeredNetwork(nn.Module):
    """``layers`` describe what is computed, ``tensors`` (named ``layers.3.weight``, ...) with what.

    Each layer is a mapping with its ``kind`` and its numbers: ``conv`` and ``deconv`` (stride, pad, output_pad; each
    vertical, horizontal), ``reflect`` and ``replicate`` (pad: left, right, top, bottom), ``instance-norm`` and
    ``batch-norm`` (eps), ``relu``, ``tanh``, ``scale`` (by), ``upsample`` (by), and ``residual`` (body: layers;
    shave: pixels taken off the shortcut's borders).

    Raises ValueError for a kind that there is not, KeyError where a tensor is missing.
    """

    mean: Tensor

    def __init__(self, layers: list[Layer], tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self._compute_dtype = torch.float32
        self._kept_float32: set[str] = set()  # names of layers
        self._layers = layers
        self._names: dict[str, str] = {}
        for name in tensor_names(layers):
            self._names[name] = name.replace(".", "_")
            self.register_buffer(self._names[name], tensors[name].float())
        self.register_buffer("mean", torch.tensor(MEAN_BGR)[:, None, None])

    def compute_in(self, dtype: torch.dtype, batch: int) -> None:
        """Compute in ``dtype``, but for the convolutions that this machine computes wrongly in it.

        ``batch``: how many pictures are usually painted at once.
        """
        self._compute_dtype = dtype
        forms = self._forms(self._layers, "layers", dtype, batch)
        self._kept_float32 = {name for name, form in forms if not is_right(form)}

    def _forms(
        self, layers: list[Layer], prefix: str, dtype: torch.dtype, batch: int
    ) -> Iterator[tuple[str, ConvForm]]:
        for number, layer in enumerate(layers):
            kind, name = layer["kind"], f"{prefix}.{number}"
            if kind == "residual":
                yield from self._forms(layer["body"], f"{name}.body", dtype, batch)
            elif kind in ("conv", "deconv"):
                weight = self._tensor(f"{name}.weight", torch.float32)
                inputs, outputs = (1, 0) if kind == "conv" else (0, 1)
                yield (
                    name,
                    ConvForm(
                        inputs=weight.shape[inputs],
                        outputs=weight.shape[outputs],
                        kernel=tuple(weight.shape[2:]),
                        stride=tuple(layer["stride"]),
                        padding=tuple(layer["pad"]),
                        dtype=dtype,
                        device=weight.device.type,
                        batch=batch,
                        output_padding=tuple(layer["output_pad"]) if kind == "deconv" else None,
                    ),
                )

    def forward(self, x: Tensor, style: int) -> Tensor:
        """float (B, 3, H, W) in 0..1 -> float32 (B, 3, H, W), nominally 0..1. ``style`` is 0, the only one."""
        height, width = x.shape[2:]
        y = (x.flip(1) * 255 - self.mean).to(self._compute_dtype)
        y = self._run(self._layers, "layers", y).float()[:, :, :height, :width]
        return ((y + self.mean) / 255).flip(1)

    def _tensor(self, name: str, dtype: torch.dtype) -> Tensor:
        return self.get_buffer(self._names[name]).to(dtype)

    def _run(self, layers: list[Layer], prefix: str, x: Tensor) -> Tensor:
        for number, layer in enumerate(layers):
            x = self._layer(layer, f"{prefix}.{number}", x)
        return x

    def _layer(self, layer: Layer, name: str, x: Tensor) -> Tensor:
        kind = layer["kind"]
        if name in self._kept_float32 and x.dtype != torch.float32:
            return self._layer(layer, name, x.float()).to(x.dtype)
        given = [self._tensor(f"{name}.{part}", x.dtype) for part in TENSORS.get(kind, ())]
        if kind == "conv":
            weight, bias = given
            return F.conv2d(x, weight, bias, layer["stride"], layer["pad"])
        if kind == "deconv":
            weight, bias = given
            return F.conv_transpose2d(x, weight, bias, layer["stride"], layer["pad"], layer["output_pad"])
        if kind == "instance-norm":
            return F.instance_norm(x, weight=given[0], bias=given[1], eps=layer["eps"])
        if kind == "batch-norm":
            weight, bias, mean, variance = given
            return F.batch_norm(x, mean, variance, weight, bias, eps=layer["eps"])
        if kind == "residual":
            shave = layer["shave"]
            kept = x[:, :, shave : x.shape[2] - shave, shave : x.shape[3] - shave]
            return kept + self._run(layer["body"], f"{name}.body", x)
        if kind in ("reflect", "replicate"):
            return F.pad(x, tuple(layer["pad"]), mode=kind)
        if kind == "upsample":
            return F.interpolate(x, scale_factor=layer["by"], mode="nearest")
        if kind == "scale":
            return x * layer["by"]
        return F.relu(x) if kind == "relu" else torch.tanh(x)


def tensor_names(layers: list[Layer], prefix: str = "layers") -> list[str]:
    """The names of all tensors that ``layers`` compute with. Raises ValueError for an unknown kind."""
    names = []
    for number, layer in enumerate(layers):
        kind, name = layer["kind"], f"{prefix}.{number}"
        if kind == "residual":
            names += tensor_names(layer["body"], f"{name}.body")
        elif kind in TENSORS:
            names += [f"{name}.{part}" for part in TENSORS[kind]]
        elif kind not in ("reflect", "replicate", "relu", "tanh", "scale", "upsample"):
            raise ValueError(f"there is no kind of layer {kind!r}")
    return names
