"""Imports published weights of several formats into safetensors that ``load_model`` and ``load_style`` read.

No code in the files is run: pickles are read by torch's restricted unpickler, Torch7 files by a reader of plain data.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from portrait.engine.checkpoints.torch7 import Torch7Object, read_torch7
from portrait.engine.checkpoints.weights import STEP_COUNTER, load_weights, read_tensors
from portrait.engine.errors import CheckpointError
from portrait.engine.fomm import load
from portrait.engine.fomm.config import read_config
from portrait.engine.style.layered import LAYERS_KEY, Layer, build_layered
from portrait.engine.style.transformer import UNUSED, build_published, is_published

MOTION_PARTS = ("generator.", "kp_detector.", "dense_motion.")
PUBLISHED_CONFIG = Path(load.__file__).with_name("vox-256.yaml")
# The colour scheme of a Torch7 checkpoint that names none.
COLOURS = "vgg"


@dataclass(frozen=True)
class Imported:
    """What an import wrote: ``kind`` is "motion" or "style", ``values`` the count of numbers in ``files[0]``."""

    kind: str
    files: tuple[Path, ...]
    tensors: int
    values: int


def import_checkpoint(source: Path, target: Path, config: Path | None = None) -> Imported:
    """Turn the published checkpoint ``source`` (.pth.tar, .pth, .t7) into safetensors at ``target``.

    A first order motion model is checked against its yaml, ``config`` (default: the published vox-256), of which a
    copy is put beside ``target``. A style network is PyTorch's fast-neural-style, or a Torch7 one that is made of
    that project's layers.

    Raises CheckpointError where the file is damaged or is neither, and names the first tensor or layer at fault.
    """
    if target.suffix != ".safetensors":
        raise CheckpointError(target, "an imported checkpoint is a .safetensors file")
    metadata: dict[str, str] = {}
    if source.suffix == ".t7":
        content = read_torch7(source)
        model = content.get("model", content) if isinstance(content, dict) else content
        if isinstance(model, Torch7Object):
            layers, tensors = _layers(source, content, model)
            build_layered(source, layers, tensors)
            metadata = {LAYERS_KEY: json.dumps(layers)}
        else:
            tensors = dict(_named(model)) if isinstance(model, dict) else {}
    else:
        tensors = read_tensors(source)
    kind = "style"
    if not metadata:
        tensors = {key: value for key, value in tensors.items() if not key.endswith(STEP_COUNTER)}
        motion = {key: value for key, value in tensors.items() if key.startswith(MOTION_PARTS)}
        if motion:
            # A published checkpoint also holds what its training needed: a discriminator, optimizers.
            kind, tensors = "motion", motion
            config = config or PUBLISHED_CONFIG
            load.fill(load.build_networks(read_config(config)), tensors, source)
        elif is_published(tensors):
            tensors = {key: value for key, value in tensors.items() if not key.endswith(UNUSED)}
            load_weights(*build_published(source, tensors), source)
        else:
            raise CheckpointError(
                source, "holds neither a first order motion model nor a fast-neural-style network"
            )
    for key, value in tensors.items():
        if not torch.isfinite(value).all():
            raise CheckpointError(source, "a value is infinite or not a number", key=key)
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous().clone() for key, value in tensors.items()}, target, metadata or None)
    files = [target]
    if kind == "motion":
        files.append(target.with_suffix(".yaml"))
        shutil.copyfile(config or PUBLISHED_CONFIG, files[-1])
    return Imported(kind, tuple(files), len(tensors), sum(value.numel() for value in tensors.values()))


def _named(table: dict[Any, Any], prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """The tensors of nested tables by dotted key."""
    for key, value in table.items():
        if isinstance(value, np.ndarray):
            yield f"{prefix}{key}", torch.from_numpy(value.copy())
        elif isinstance(value, dict):
            yield from _named(value, f"{prefix}{key}.")


def _layers(path: Path, content: Any, model: Torch7Object) -> tuple[list[Layer], dict[str, Tensor]]:
    """The layers of a Torch7 network and their tensors. Raises CheckpointError with the first layer at fault."""
    options = content.get("opt") if isinstance(content, dict) else None
    colours = options.get("preprocessing", COLOURS) if isinstance(options, dict) else COLOURS
    if colours != COLOURS:
        raise CheckpointError(path, f"was trained on colours prepared for {colours!r}, not for {COLOURS!r}")
    tensors: dict[str, Tensor] = {}
    try:
        return _sequence(path, model, "layers", tensors), tensors
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CheckpointError(path, f"a layer lacks something or is misshapen ({error})") from error


def _sequence(path: Path, module: Torch7Object, prefix: str, tensors: dict[str, Tensor]) -> list[Layer]:
    if module.name != "nn.Sequential":
        raise CheckpointError(path, f"a {module.name} is no sequence of layers", key=prefix)
    layers: list[Layer] = []
    for part in _parts(module):
        if part.name in ("nn.Identity", "nn.TotalVariation", "nn.Dropout"):
            continue  # without effect outside of training
        layers.append(_layer(path, part, f"{prefix}.{len(layers)}", tensors))
    return layers


def _parts(module: Torch7Object) -> list[Torch7Object]:
    modules = module.fields["modules"]
    return [modules[number] for number in range(1, len(modules) + 1)]


def _layer(path: Path, module: Torch7Object, name: str, tensors: dict[str, Tensor]) -> Layer:
    own = module.fields
    if module.name == "nn.Sequential":
        return _residual(path, module, name, tensors)
    if module.name in ("nn.SpatialConvolution", "nn.SpatialConvolutionMM", "cudnn.SpatialConvolution"):
        shape = (own["nOutputPlane"], own["nInputPlane"], own["kH"], own["kW"])
        _keep(tensors, name, weight=own["weight"].reshape(shape), bias=own["bias"])
        return {"kind": "conv", "stride": [own["dH"], own["dW"]], "pad": [own["padH"], own["padW"]]}
    if module.name in ("nn.SpatialFullConvolution", "cudnn.SpatialFullConvolution"):
        shape = (own["nInputPlane"], own["nOutputPlane"], own["kH"], own["kW"])
        _keep(tensors, name, weight=own["weight"].reshape(shape), bias=own["bias"])
        numbers = {"stride": ("dH", "dW"), "pad": ("padH", "padW"), "output_pad": ("adjH", "adjW")}
        return {"kind": "deconv", **{key: [own[a], own[b]] for key, (a, b) in numbers.items()}}
    if module.name == "nn.InstanceNormalization":
        _keep(tensors, name, weight=own["weight"], bias=own["bias"])
        return {"kind": "instance-norm", "eps": own.get("eps", 1e-5)}
    if module.name in ("nn.SpatialBatchNormalization", "cudnn.SpatialBatchNormalization"):
        statistics = {"mean": own["running_mean"], "variance": own["running_var"]}
        _keep(tensors, name, weight=own["weight"], bias=own["bias"], **statistics)
        return {"kind": "batch-norm", "eps": own.get("eps", 1e-5)}
    if module.name in ("nn.SpatialReflectionPadding", "nn.SpatialReplicationPadding"):
        kind = "reflect" if "Reflection" in module.name else "replicate"
        return {"kind": kind, "pad": [own[f"pad_{side}"] for side in "lrtb"]}
    if module.name in ("nn.ReLU", "cudnn.ReLU"):
        return {"kind": "relu"}
    if module.name in ("nn.Tanh", "cudnn.Tanh"):
        return {"kind": "tanh"}
    if module.name == "nn.MulConstant":
        return {"kind": "scale", "by": own["constant_scalar"]}
    if module.name == "nn.SpatialUpSamplingNearest":
        return {"kind": "upsample", "by": own["scale_factor"]}
    raise CheckpointError(path, f"a layer of the kind {module.name} cannot be run", key=name)


def _residual(path: Path, block: Torch7Object, name: str, tensors: dict[str, Tensor]) -> Layer:
    """Sequential(ConcatTable(body, shortcut), CAddTable), the shortcut being the input, cropped or not."""
    parts = _parts(block)
    if [part.name for part in parts[:2]] != ["nn.ConcatTable", "nn.CAddTable"] or len(parts) != 2:
        raise CheckpointError(path, "a sequence inside the sequence is no residual block", key=name)
    body, shortcut = _parts(parts[0])
    if shortcut.name not in ("nn.Identity", "nn.ShaveImage"):
        raise CheckpointError(path, f"a {shortcut.name} beside a residual block's body", key=name)
    shave = shortcut.fields["size"] if shortcut.name == "nn.ShaveImage" else 0
    return {"kind": "residual", "shave": shave, "body": _sequence(path, body, f"{name}.body", tensors)}


def _keep(tensors: dict[str, Tensor], name: str, **arrays: Any) -> None:
    for part, array in arrays.items():
        tensors[f"{name}.{part}"] = torch.from_numpy(array.astype(np.float32))
