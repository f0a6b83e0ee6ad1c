"""Lists the weights in a folder, and records and verifies their checksums. Imports no torch."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from portrait.engine.errors import CheckpointError

SUMS = "SHA256SUMS"
FORMATS = {
    ".safetensors": "safetensors",
    ".pth": "PyTorch pickle",
    ".tar": "PyTorch pickle",
    ".t7": "Torch7",
    ".tflite": "TensorFlow Lite",
}
LINE = re.compile(r"(?P<sum>[0-9a-f]{64}) [ *](?P<name>\S.*)")
MOST_HEADER = 100_000_000  # the format's own limit


@dataclass(frozen=True)
class CheckpointFile:
    """One weights file. ``values``: how many numbers it holds, None where only a full read would tell."""

    name: str
    format: str
    size: int
    values: int | None
    sha256: str
    card: str | None


def list_checkpoints(folder: Path) -> tuple[CheckpointFile, ...]:
    """The weights below ``folder``, sorted by name. Raises CheckpointError where there is no such folder."""
    return tuple(
        CheckpointFile(
            name=name,
            format=FORMATS[path.suffix],
            size=path.stat().st_size,
            values=count_values(path) if path.suffix == ".safetensors" else None,
            sha256=sha256(path),
            card=_card(path, folder),
        )
        for name, path in _weights(folder).items()
    )


def record(folder: Path) -> Path:
    """Write ``SHA256SUMS``, in the format of sha256sum, for the weights and the yaml files beside them."""
    sums = {name: sha256(path) for name, path in _recorded(folder).items()}
    path = folder / SUMS
    path.write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()), encoding="utf-8")
    return path


def verify(folder: Path) -> tuple[str, ...]:
    """The names that are as recorded: all of them.

    Raises CheckpointError, which names the file: ``SHA256SUMS`` where it is missing or no such list, a recorded file
    that is missing or other than it was, a file of weights or a yaml that was never recorded.
    """
    sums = _sums(folder)
    for name, digest in sums.items():
        _compare(folder / name, digest)
    for name in _recorded(folder):
        if name not in sums:
            raise CheckpointError(folder / name, f"is not in {SUMS}")
    return tuple(sums)


def verify_files(folder: Path, paths: Iterable[Path]) -> None:
    """Check those of the files that are recorded in the folder's ``SHA256SUMS``, where there is such a list.

    Raises CheckpointError, which names the file that is missing or other than it was.
    """
    if not (folder / SUMS).exists():
        return
    sums = _sums(folder)
    for path in paths:
        if path.is_relative_to(folder) and (digest := sums.get(path.relative_to(folder).as_posix())):
            _compare(path, digest)


def expected_files(folder: Path, paths: Iterable[Path]) -> tuple[Path, ...]:
    """Those of the files that must be there: all but files of the folder that its ``SHA256SUMS`` does not record.

    The image of the web process has neither the weights that only workers read nor their lines.
    Raises CheckpointError.
    """
    if not (folder / SUMS).exists():
        return tuple(paths)
    sums = _sums(folder)
    return tuple(
        path
        for path in paths
        if not path.is_relative_to(folder) or path.relative_to(folder).as_posix() in sums
    )


def sha256(path: Path) -> str:
    """The file's checksum as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def count_values(path: Path) -> int:
    """How many numbers the tensors of a safetensors file hold, by its header. Raises CheckpointError."""
    try:
        with path.open("rb") as file:
            header = read_header(file)
        return sum(math.prod(entry["shape"]) for key, entry in header.items() if key != "__metadata__")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(path, f"is damaged or cut short ({error})") from error


def read_header(file: BinaryIO) -> dict[str, Any]:
    """The header of a safetensors file: each tensor's entry by its name. Raises ValueError for anything else."""
    length = int.from_bytes(file.read(8), "little")
    header = json.loads(file.read(min(length, MOST_HEADER)))
    if not isinstance(header, dict):
        raise ValueError("there is no header")
    return header


def _sums(folder: Path) -> dict[str, str]:
    path = folder / SUMS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(path, "cannot be read; `checkpoints record` writes it") from error
    sums: dict[str, str] = {}
    for line in lines:
        match = LINE.fullmatch(line)
        if match is None:
            raise CheckpointError(path, f"has a line that is no checksum ({line[:40]!r})")
        sums[match["name"]] = match["sum"]
    return sums


def _compare(path: Path, digest: str) -> None:
    if not path.is_file():
        raise CheckpointError(path, "is recorded, but missing")
    if sha256(path) != digest:
        raise CheckpointError(path, "is not the file that was recorded (its SHA-256 differs)")


def _weights(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise CheckpointError(folder, "is no folder")
    paths = sorted(path for path in folder.rglob("*") if path.suffix in FORMATS and path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in paths}


def _recorded(folder: Path) -> dict[str, Path]:
    """The files whose content decides what the networks compute: the weights and the yaml beside each."""
    found: dict[str, Path] = {}
    for path in _weights(folder).values():
        for one in (path, path.with_suffix(".yaml")):
            if one.is_file():
                found[one.relative_to(folder).as_posix()] = one
    return dict(sorted(found.items()))


def _card(path: Path, folder: Path) -> str | None:
    for card in (path.with_suffix(".md"), path.parent / "README.md"):
        if card.is_file():
            return card.relative_to(folder).as_posix()
    return None
