"""The yaml beside a motion model's weights: the published layout, or our own compact one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from portrait.engine.errors import CheckpointError

COMPACT_FORMAT = "slim-fomm-1"


class Section:
    """A mapping inside a configuration file; every fault names the file and the dotted key."""

    def __init__(self, path: Path, values: dict[str, Any], name: str = "") -> None:
        self.path, self.values, self.name = path, values, name

    def _key(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def __contains__(self, key: str) -> bool:
        return self.values.get(key) is not None

    def section(self, key: str) -> Section:
        value = self.values.get(key)
        if not isinstance(value, dict):
            raise CheckpointError(self.path, "a mapping is missing", key=self._key(key))
        return Section(self.path, value, self._key(key))

    def integer(self, key: str, default: int | None = None, minimum: int = 1) -> int:
        value = self.values.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            raise CheckpointError(
                self.path, f"a whole number of at least {minimum} is needed", key=self._key(key)
            )
        return value

    def number(self, key: str, default: float | None = None) -> float:
        value = self.values.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
            raise CheckpointError(self.path, "a number above 0 is needed", key=self._key(key))
        return float(value)

    def flag(self, key: str, default: bool | None = None) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise CheckpointError(self.path, "true or false is needed", key=self._key(key))
        return value

    def integers(self, key: str) -> tuple[int, ...]:
        value = self.values.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(n, int) and n > 0 for n in value):
            raise CheckpointError(self.path, "a list of numbers above 0 is needed", key=self._key(key))
        return tuple(value)


def keypoint_set(path: Path | str) -> str:
    """The name of the keypoint set of the model in ``path``, such as ``compact-16``; its motions carry the same name.

    Reads the yaml alone, so that listing motions needs no weights. Raises CheckpointError.
    """
    config = read_config(path)
    if config.values.get("format") == COMPACT_FORMAT:
        return f"compact-{config.section('kp_detector').integer('num_kp')}"
    return f"fomm-{config.section('model_params').section('common_params').integer('num_kp')}"


def read_config(path: Path | str) -> Section:
    """The whole file. Raises CheckpointError where it is missing or no yaml mapping."""
    path = Path(path)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(path, "does not exist") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CheckpointError(path, f"cannot be read as yaml ({' '.join(str(error).split())})") from error
    if not isinstance(values, dict):
        raise CheckpointError(path, "is no yaml mapping")
    return Section(path, values)
