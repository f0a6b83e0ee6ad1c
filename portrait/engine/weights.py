"""Weights files: published ``.pth`` / ``.pth.tar`` pickles and safetensors, read without running anything in them.

Every fault is a CheckpointError that names the file and the first key at fault.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from portrait.engine.errors import CheckpointError

# Counts training steps; says nothing about what the network computes.
STEP_COUNTER = "num_batches_tracked"


def read_tensors(path: Path | str) -> dict[str, Tensor]:
    """All tensors of a weights file by dotted key; nested dictionaries of a pickle are flattened.

    A pickle is read by torch's restricted unpickler (``weights_only=True``), which refuses every other class or
    function instead of calling it. Raises CheckpointError for a file that is missing, cut short, or no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(path, "does not exist")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = _first_line(error)
        if "weights only" in reason.lower() or "unsupported" in reason.lower():
            reason = "holds code or objects, not only tensors; it was not run"
        raise CheckpointError(path, reason) from error
    except (
        SafetensorError,
        OSError,
        EOFError,
        RuntimeError,
        ValueError,
        KeyError,
        zipfile.BadZipFile,
    ) as error:
        raise CheckpointError(path, f"is damaged or cut short ({_first_line(error)})") from error
    if not isinstance(content, Mapping):
        raise CheckpointError(path, f"holds a {type(content).__name__} instead of named tensors")
    return dict(_flatten(content))


def load_weights(
    module: nn.Module, tensors: Mapping[str, Tensor], path: Path | str, prefix: str = ""
) -> None:
    """Copy the tensors below ``prefix`` into ``module``, which must have exactly these keys and shapes.

    Raises CheckpointError with the first key that is missing, of another shape, not finite, or unknown.
    """
    wanted = {key: value for key, value in module.state_dict().items() if not key.endswith(STEP_COUNTER)}
    given = {
        key.removeprefix(prefix): value
        for key, value in tensors.items()
        if key.startswith(prefix) and not key.endswith(STEP_COUNTER)
    }
    for key, own in wanted.items():
        if key not in given:
            raise CheckpointError(path, "a tensor is missing", key=prefix + key)
        value = given[key]
        if value.shape != own.shape:
            raise CheckpointError(
                path, f"shape {tuple(value.shape)} where {tuple(own.shape)} is needed", key=prefix + key
            )
        if not torch.isfinite(value).all():
            raise CheckpointError(path, "a value is infinite or not a number", key=prefix + key)
    for key in given:
        if key not in wanted:
            raise CheckpointError(path, "a tensor that this network does not have", key=prefix + key)
    module.load_state_dict({key: given[key].to(own.dtype) for key, own in wanted.items()}, strict=False)


def _flatten(content: Mapping[Any, Any], prefix: str = "") -> Iterable[tuple[str, Tensor]]:
    for key, value in content.items():
        if isinstance(value, Tensor):
            yield f"{prefix}{key}", value
        elif isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
