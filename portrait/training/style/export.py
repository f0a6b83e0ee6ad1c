"""Writes the painter's two files: the weights, and the yaml that describes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch
import yaml
from safetensors.torch import save
from torch import Tensor

from portrait.engine.errors import CheckpointError
from portrait.engine.style.catalogue import DEEP_FORMAT, FORMAT, DeepSizes, PainterConfig, Style
from portrait.engine.style.network import ConvLayer, StyleNetwork
from portrait.engine.style.row import STYLE_VECTORS

YAML_HEADER = "# Describes {name}: the network's sizes, and its styles in the order of the weights' rows.\n"


def write_painter(network: StyleNetwork, styles: Sequence[Style], path: Path, rows: Sequence[int]) -> Path:
    """Write a network with some of its styles as float16 to ``path``, and the yaml beside it; returns ``path``.

    ``rows``: the indices of ``styles`` in the network. Raises CheckpointError where a value is too large for float16.
    """
    chosen = list(rows)
    tensors = {
        key: (value[chosen] if key.endswith(STYLE_VECTORS) else value).cpu().half()
        for key, value in network.state_dict().items()
    }
    full, half, quarter = (cast(ConvLayer, layer).conv.out_channels for layer in network.down_layers)
    deep = network.deep
    sizes = None if deep is None else DeepSizes(deep.halving.conv.out_channels, len(deep.blocks))
    config = PainterConfig((full, half, quarter), len(network.residual_blocks), tuple(styles), sizes)
    return write_weights_and_yaml(tensors, config, path)


def write_weights_and_yaml(tensors: dict[str, Tensor], config: PainterConfig, path: Path) -> Path:
    """Write weights, in their dtypes, and yaml; returns ``path``. Raises CheckpointError for a value not finite."""
    tensors = {key: value.detach().contiguous() for key, value in tensors.items()}
    for key, value in tensors.items():
        if not torch.isfinite(value).all():
            raise CheckpointError(
                path, "a value is infinite, not a number, or too large for float16", key=key
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written to new files that are renamed, so that a killed process leaves no incomplete file.
    weights = path.with_suffix(".safetensors.new")
    weights.write_bytes(save(tensors, metadata={"format": format_of(config)}))
    text = path.with_suffix(".yaml.new")
    text.write_text(YAML_HEADER.format(name=path.name) + _yaml(config), encoding="utf-8")
    weights.replace(path)
    text.replace(path.with_suffix(".yaml"))
    return path


def format_of(config: PainterConfig) -> str:
    """The name of the files' format."""
    return FORMAT if config.deep is None else DEEP_FORMAT


class _Dumper(yaml.SafeDumper):
    """Writes mappings of names by language on one line."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        names = bool(mapping) and set(mapping) <= {"en", "ko"}
        return super().represent_mapping(tag, mapping, flow_style=names)


def _yaml(config: PainterConfig) -> str:
    full, half, quarter = config.widths
    lines = f"format: {format_of(config)}\n"
    lines += f"widths: [{full}, {half}, {quarter}]  # channels at full, half and quarter size\n"
    lines += f"blocks: {config.blocks}  # residual blocks at quarter size\n"
    if config.deep is not None:
        lines += f"deep: {{width: {config.deep.width}, blocks: {config.deep.blocks}}}  # at an eighth of the size\n"
    styles = [
        {key: value for key, value in asdict(style).items() if value is not None} for style in config.styles
    ]
    return lines + yaml.dump(
        {"styles": styles}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110
    )
