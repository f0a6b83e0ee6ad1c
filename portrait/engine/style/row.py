"""One style by itself, as bytes: its catalogue entry, its scales and shifts, and the painter that they belong to.

All styles of a painter share its convolutions, so that a style of some ten kilobytes can be kept apart from the
weights and added to a loaded painter. It fits no other convolutions: ``painter_digest`` tells them. Imports no torch.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from portrait.engine.checkpoints.folder import read_header
from portrait.engine.errors import CheckpointError, ChoiceError
from portrait.engine.style.catalogue import Style, read_style

FORMAT = "portrait-style-row-1"
STYLE_VECTORS = (".norm.scale", ".norm.shift")  # the parameters with a row for each style
DIGEST = "digest"


@dataclass(frozen=True)
class StyleRow:
    """``vectors``: float (C,) by the name of the network's parameter. ``painter``: see :func:`painter_digest`."""

    style: Style
    vectors: Mapping[str, NDArray[Any]]
    painter: str

    def pack(self) -> bytes:
        """The row as float16. Raises ChoiceError (``style_unusable``) for a value that is not finite as such."""
        tensors = {name: np.asarray(value, np.float16) for name, value in self.vectors.items()}
        if not all(np.isfinite(value).all() for value in tensors.values()):
            raise ChoiceError(f"{self.style.slug}: a value is not finite", code="style_unusable")
        entry = {name: value for name, value in vars(self.style).items() if value is not None}
        metadata = {"format": FORMAT, "style": json.dumps(entry), DIGEST: self.painter}
        return save(tensors, metadata)

    @classmethod
    def unpack(cls, data: bytes) -> StyleRow:
        """Raises ChoiceError (``style_unusable``) for bytes that :meth:`pack` did not write."""
        try:
            header = read_header(io.BytesIO(data))
            metadata = header["__metadata__"]
            if metadata["format"] != FORMAT:
                raise ValueError(metadata["format"])
            style = read_style(Path("style"), json.loads(metadata["style"]))
            return cls(style, load(data), metadata[DIGEST])
        except (SafetensorError, CheckpointError, ValueError, KeyError, TypeError) as error:
            raise ChoiceError(f"this is no packed style ({error})", code="style_unusable") from error


def painter_digest(weights: Path) -> str:
    """The SHA-256 of what the styles of a painter share: its tensors without the rows of styles.

    Adding a style to the file changes nothing of it. Raises CheckpointError.
    """
    try:
        return _digest(weights, weights.stat().st_mtime_ns)
    except OSError as error:
        raise CheckpointError(weights, f"cannot be read ({error.strerror})") from error


@lru_cache(maxsize=4)
def _digest(weights: Path, written: int) -> str:
    data = weights.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    digest = hashlib.sha256()
    try:
        for name, entry in sorted(read_header(io.BytesIO(data)).items()):
            if name == "__metadata__" or name.endswith(STYLE_VECTORS):
                continue
            begin, end = entry["data_offsets"]
            digest.update(f"{name} {entry['dtype']} {entry['shape']}\n".encode())
            digest.update(data[start + begin : start + end])
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(weights, f"is damaged or cut short ({error})") from error
    return digest.hexdigest()
