"""Features of a VGG: the layers that are needed must exist, and extraction can stop early."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from portrait.engine.errors import CheckpointError
from portrait.training.style.objective import TAPS
from portrait.training.vgg_features import VGGFeatures
from tests.portrait.training.drawn_vgg import write_vgg


@pytest.fixture
def features(tmp_path: Path) -> Path:
    return write_vgg(tmp_path / "vgg.safetensors")


def test_a_vgg_without_the_layers_is_refused(features: Path, tmp_path: Path) -> None:
    tensors = {key: value for key, value in load_file(features).items() if "conv4" not in key}
    save_file(tensors, tmp_path / "short.safetensors")
    with pytest.raises(CheckpointError, match=r"short\.safetensors.*conv4_3"):
        VGGFeatures.load(tmp_path / "short.safetensors", TAPS)


def test_extraction_stops_at_the_last_requested_tap(features: Path) -> None:
    vgg = VGGFeatures.load(features, TAPS)
    pictures = torch.rand(1, 3, 32, 32)
    everything = vgg.extract(pictures)
    first = vgg.extract(pictures, last="relu2_2")
    assert len(everything) == 4 and len(first) == 2
    assert all(torch.equal(a, b) for a, b in zip(first, everything, strict=False))
