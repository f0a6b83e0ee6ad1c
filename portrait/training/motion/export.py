"""Writes the motion network's weights and the yaml that describes them."""

from __future__ import annotations

from pathlib import Path

import torch
import yaml
from safetensors.torch import save_file
from torch import nn

from portrait.engine.checkpoints.weights import STEP_COUNTER
from portrait.engine.errors import CheckpointError
from portrait.engine.fomm.config import COMPACT_FORMAT, Section


def export_weights(networks: nn.ModuleDict, settings: Section, folder: Path) -> Path:
    """Write ``motion.safetensors`` (float16) and ``motion.yaml``, which describes it; returns the weights' path.

    Raises CheckpointError where a value is too large for float16.
    """
    tensors = {
        key: value.detach().cpu().half().contiguous()
        for key, value in networks.state_dict().items()
        if not key.endswith(STEP_COUNTER)
    }
    for key, value in tensors.items():
        if not torch.isfinite(value).all():
            raise CheckpointError(folder, "a value is too large for float16", key=key)
    path = folder / "motion.safetensors"
    save_file(tensors, path, metadata={"format": COMPACT_FORMAT})
    values = {key: value for key, value in settings.values.items() if key != "training"}
    text = yaml.safe_dump({**values, "files": {"weights": path.name}}, sort_keys=False, width=110)
    path.with_suffix(".yaml").write_text(f"# Describes {path.name}.\n{text}", encoding="utf-8")
    return path
