"""A motion template: keypoint trajectories that loop, and their ``.npz`` file.

The file is a zip of plain arrays and one JSON text (``meta``); it is read with ``allow_pickle=False``,
so that a template from elsewhere cannot run code.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portrait.engine.errors import MotionFileError
from portrait.engine.motion.affine import exp2, inv2, log2

FORMAT = "portrait-motion-1"
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# A portrait is a loop of a few seconds; the limit keeps a wrong file from exhausting the memory.
MAX_FRAMES = 1000
MAX_FPS = 120.0


@dataclass(frozen=True, eq=False)
class Motion:
    """Keypoint trajectories of one driving motion; after frame T-1 comes frame 0 again.

    ``value``: float32 (T, K, 2), x then y in -1..1 as the model's keypoints.
    ``jacobian``: float32 (T, K, 2, 2), the affine frame at each keypoint, or None where the model has none.
    ``fps``: frames a second. ``model``: the keypoint set that the numbers belong to, such as ``compact-16``.
    ``title``: shown to users, by language code, such as ``{"en": "Nod", "ko": "끄덕임"}``.

    Raises ValueError where an array has a wrong shape or holds something that is not a number.
    """

    name: str
    value: NDArray[np.float32]
    jacobian: NDArray[np.float32] | None
    fps: float
    model: str
    title: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not SLUG.fullmatch(self.name):
            raise ValueError(f"a motion's name is a slug of a-z, 0-9 and hyphens, not {self.name!r}")
        if not (np.isfinite(self.fps) and 0 < self.fps <= MAX_FPS):
            raise ValueError(f"fps must be above 0 and at most {MAX_FPS:g}, not {self.fps}")
        if self.value.ndim != 3 or self.value.shape[-1] != 2 or not 0 < len(self.value) <= MAX_FRAMES:
            raise ValueError(f"value must be (T, K, 2) with 1 to {MAX_FRAMES} frames, not {self.value.shape}")
        _check_numbers("value", self.value)
        if self.jacobian is not None:
            if self.jacobian.shape != (*self.value.shape, 2):
                raise ValueError(f"jacobian must be {(*self.value.shape, 2)}, not {self.jacobian.shape}")
            _check_numbers("jacobian", self.jacobian)

    def __len__(self) -> int:
        return len(self.value)

    @property
    def num_keypoints(self) -> int:
        return int(self.value.shape[1])

    @property
    def seconds(self) -> float:
        return len(self) / self.fps

    def only(self, frames: Sequence[int]) -> Motion:
        """The same motion with these frames alone; the first of them is its pose at rest."""
        chosen = list(frames)
        jacobian = None if self.jacobian is None else self.jacobian[chosen]
        return replace(self, value=self.value[chosen], jacobian=jacobian)

    def scaled(self, strength: float) -> Motion:
        """The same motion, ``strength`` times as large, about frame 0's pose (0 is still, 1 is as it was).

        Displacements scale linearly, Jacobians along the matrix logarithm of their change since frame 0, so
        that half of a rotation is half of the angle, without shear.
        """
        if strength == 1:
            return self
        value = self.value[:1] + strength * (self.value - self.value[:1])
        jacobian = None
        if self.jacobian is not None:
            first = self.jacobian[:1].astype(np.float64)
            change = self.jacobian @ inv2(first)
            jacobian = (exp2(strength * log2(change)) @ first).astype(np.float32)
        return replace(self, value=value.astype(np.float32), jacobian=jacobian)


def _check_numbers(name: str, array: NDArray[Any]) -> None:
    if array.dtype != np.float32:
        raise ValueError(f"{name} must be float32, not {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite")


def write_motion(path: Path, motion: Motion) -> None:
    """Write ``motion`` to ``path`` (``.npz``), whole or not at all."""
    meta = {
        "format": FORMAT,
        "name": motion.name,
        "model": motion.model,
        "fps": motion.fps,
        "frames": len(motion),
        "title": motion.title,
    }
    arrays: dict[str, NDArray[Any]] = {
        "meta": np.array(json.dumps(meta, ensure_ascii=False)),
        "value": motion.value,
    }
    if motion.jacobian is not None:
        arrays["jacobian"] = motion.jacobian
    partial = path.with_name(path.name + ".part")
    try:
        with partial.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_meta(path: Path) -> dict[str, Any]:
    """The template's name, model, fps, frames and title, without its arrays. Raises MotionFileError."""
    return _read(path, ())[0]


def read_motion(path: Path) -> Motion:
    """Read a template. Raises MotionFileError, which names the file and what is wrong with it."""
    meta, arrays = _read(path, ("value", "jacobian"))
    if "value" not in arrays:
        raise MotionFileError(path, "holds no 'value' array")
    try:
        return Motion(
            name=meta["name"],
            value=arrays["value"],
            jacobian=arrays.get("jacobian"),
            fps=meta["fps"],
            model=meta["model"],
            title=meta["title"],
        )
    except ValueError as error:
        raise MotionFileError(path, str(error)) from error


def _read(path: Path, wanted: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise MotionFileError(path, "is a bare array, not a motion template")
            if "meta" not in file.files:
                raise MotionFileError(path, "is no motion template (no 'meta')")
            meta = json.loads(str(file["meta"]))
            arrays = {key: file[key] for key in wanted if key in file.files}
    except FileNotFoundError as error:
        raise MotionFileError(path, "does not exist") from error
    except (OSError, ValueError, EOFError, KeyError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        # Another kind of file, a truncated one, damaged bytes, or an array of Python objects.
        raise MotionFileError(path, f"cannot be read as a motion template ({error})") from error
    _check_meta(path, meta)
    return meta, arrays


def _check_meta(path: Path, meta: object) -> None:
    kinds: dict[str, type | tuple[type, ...]] = {
        "name": str,
        "model": str,
        "fps": (int, float),
        "frames": int,
        "title": dict,
    }
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise MotionFileError(path, f"is not of the format {FORMAT}")
    for key, kind in kinds.items():
        if not isinstance(meta.get(key), kind):
            raise MotionFileError(path, f"has no valid {key!r} in its 'meta'")
