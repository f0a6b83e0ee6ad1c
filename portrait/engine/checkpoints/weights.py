"""Reads weights files: published ``.pth`` / ``.pth.tar`` pickles and safetensors, without running code in them.

Every fault is a CheckpointError that names the file and the first key at fault.
"""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import pickletools
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from portrait.engine.errors import CheckpointError

# Counts training steps; without effect on the network's output.
STEP_COUNTER = "num_batches_tracked"
# How torch's restricted unpickler names the class or function that it refuses.
REFUSED = re.compile(r"GLOBAL (\S+)")
OLD_FORMAT_PICKLES = 4
# The format's own limit of a safetensors header.
MOST_HEADER = 100_000_000


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
        refused = REFUSED.search(str(error))
        name, key = _foreign(path, refused[1] if refused else None)
        if name is None:
            raise CheckpointError(path, f"is no checkpoint ({_first_line(error)})") from error
        raise CheckpointError(
            path, f"asks for {name}: code or objects, not only tensors; it was not run", key=key
        ) from error
    except SafetensorError as error:
        raise CheckpointError(
            path, f"is damaged or cut short ({_first_line(error)})", key=_first_cut(path)
        ) from error
    except Exception as error:  # damaged bytes can make the unpickler raise anything
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


def _foreign(path: Path, name: str | None) -> tuple[str | None, str | None]:
    """The class or function that a pickle names (``name``, or the first of all), and the key of the value that needs
    it: the last text before it. The opcodes of the pickle are read, not run."""
    texts: list[str] = []
    with contextlib.suppress(Exception), contextlib.ExitStack() as stack:
        file: IO[bytes] = stack.enter_context(path.open("rb"))
        if zipfile.is_zipfile(file):
            archive = stack.enter_context(zipfile.ZipFile(file))
            inner = next(entry for entry in archive.namelist() if entry.endswith("data.pkl"))
            file = io.BytesIO(archive.read(inner))
        else:
            file.seek(0)
        # The old format is a sequence of pickles, of which the last holds the tensors.
        for _ in range(OLD_FORMAT_PICKLES):
            for step, argument, _ in pickletools.genops(file):
                if step.name.endswith("UNICODE"):
                    texts.append(str(argument))
                elif step.name in ("GLOBAL", "STACK_GLOBAL"):
                    before = len(texts) - (2 if step.name == "STACK_GLOBAL" else 0)
                    found = str(argument).replace(" ", ".") if argument else ".".join(texts[before:])
                    if name in (None, found):
                        return found, texts[before - 1] if before > 0 else None
    return name, None


def _first_cut(path: Path) -> str | None:
    """The first tensor whose bytes end after the end of a safetensors file; None where the header itself is bad."""
    with path.open("rb") as file, contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(min(length, MOST_HEADER)))
        present = path.stat().st_size - 8 - length
        ends = {key: entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"}
        return min((end, key) for key, end in ends.items() if end > present)[1]
    return None


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
