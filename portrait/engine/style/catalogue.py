"""The styles of the shipped painter, read from the yaml beside its weights; imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from portrait.engine.errors import CheckpointError

PAINTER_WEIGHTS = Path(__file__).parents[3] / "checkpoints" / "painter.safetensors"
FORMAT = "portrait-painter-1"
DEEP_FORMAT = "portrait-painter-2"  # the same with a part at an eighth of the size


@dataclass(frozen=True)
class Style:
    """A painting whose style a network has learned. ``title`` and ``painter`` are by language code.

    ``contrast``: the standard deviation of the painting's luma, 0..0.5, where it is known; portraits are brought
    nearer to it.
    """

    slug: str
    title: dict[str, str]
    painter: dict[str, str]
    year: str
    contrast: float | None = None


@dataclass(frozen=True)
class DeepSizes:
    """Sizes of the part of a style network that works at an eighth of the size."""

    width: int  # channels
    blocks: int  # residual blocks


@dataclass(frozen=True)
class PainterConfig:
    """What ``painter.yaml`` says: the network's sizes and its styles, in the order of the weights' rows."""

    widths: tuple[int, int, int]
    blocks: int
    styles: tuple[Style, ...]
    deep: DeepSizes | None = None


def list_styles(weights: Path = PAINTER_WEIGHTS) -> tuple[Style, ...]:
    """The styles of our own multi-style ``weights``, in their order. Raises CheckpointError."""
    return read_config(weights).styles


def read_config(weights: Path) -> PainterConfig:
    """Read the yaml beside ``weights`` (same name, other suffix). Raises CheckpointError, which names the yaml."""
    path = weights.with_suffix(".yaml")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(path, "does not exist; it describes the weights beside it") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CheckpointError(path, f"cannot be read as yaml ({' '.join(str(error).split())})") from error
    if not isinstance(data, dict) or data.get("format") not in (FORMAT, DEEP_FORMAT):
        raise CheckpointError(path, f"is not of the format {FORMAT} or {DEEP_FORMAT}", key="format")
    widths = _field(path, data, "widths", list)
    if len(widths) != 3 or not all(isinstance(width, int) and width > 0 for width in widths):
        raise CheckpointError(path, "must be three numbers of channels", key="widths")
    styles = tuple(read_style(path, entry) for entry in _field(path, data, "styles", list))
    if not styles or len({style.slug for style in styles}) != len(styles):
        raise CheckpointError(path, "must name at least one style, and none twice", key="styles")
    return PainterConfig(
        widths=(widths[0], widths[1], widths[2]),
        blocks=_field(path, data, "blocks", int),
        styles=styles,
        deep=_read_deep(path, data) if data["format"] == DEEP_FORMAT else None,
    )


def _read_deep(path: Path, data: dict[str, Any]) -> DeepSizes:
    entry = _field(path, data, "deep", dict)
    sizes = [_field(path, entry, key, int) for key in ("width", "blocks")]
    if min(sizes) < 1:
        raise CheckpointError(path, "needs at least one channel and one block", key="deep")
    return DeepSizes(*sizes)


def read_style(path: Path, entry: object) -> Style:
    """One style of the yaml ``path``. Raises CheckpointError, which names the field at fault."""
    if not isinstance(entry, dict):
        raise CheckpointError(path, "each style is a mapping", key="styles")
    contrast = entry.get("contrast")
    if contrast is not None and (not isinstance(contrast, int | float) or not 0 <= contrast <= 0.5):
        raise CheckpointError(path, "must be a number from 0 to 0.5", key="contrast")
    return Style(
        slug=_field(path, entry, "slug", str),
        title=_field(path, entry, "title", dict),
        painter=_field(path, entry, "painter", dict),
        year=str(_field(path, entry, "year", (int, str))),
        contrast=contrast,
    )


def _field(path: Path, data: dict[str, Any], key: str, kind: type | tuple[type, ...]) -> Any:
    if not isinstance(data.get(key), kind):
        raise CheckpointError(path, "is missing or of the wrong type", key=key)
    return data[key]
