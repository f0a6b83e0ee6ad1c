"""Weights files from before the networks' attributes were renamed can still be read."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from safetensors.torch import load_file, save_file

from portrait.engine.fomm import load_model
from portrait.engine.style import load_style
from tests.paths import DATA, ROOT

# Written with the older names; it stays as it is.
OLD_MOTION = DATA / "compact" / "tiny.safetensors"
PAINTER = DATA / "painter" / "painter.safetensors"


def test_a_motion_file_with_older_names_is_read() -> None:
    assert {"dense_motion.sig", "kp_detector.hg.inc.0.weight"} <= set(load_file(OLD_MOTION))
    model = load_model(OLD_MOTION.with_suffix(".yaml"), OLD_MOTION)
    assert model.num_kp == 16


def test_the_shipped_files_have_the_current_names() -> None:
    motion = load_file(ROOT / "checkpoints" / "motion.safetensors")
    painter = load_file(ROOT / "checkpoints" / "painter.safetensors")
    assert {"dense_motion.log_widths", "generator.half_encoder.0.0.weight"} <= set(motion)
    assert "residual_blocks.0.first.conv.weight" in painter


@pytest.fixture
def old_painter(tmp_path: Path) -> Path:
    """The painter's file as it was written before: down, res (a, b), up, out."""
    old = {}
    for key, tensor in load_file(PAINTER).items():
        for current, former in (
            ("down_layers.", "down."),
            ("residual_blocks.", "res."),
            (".first.", ".a."),
            (".second.", ".b."),
            ("up_layers.", "up."),
            ("output.", "out."),
        ):
            key = key.replace(current, former)
        old[key] = tensor
    assert {"down.0.conv.weight", "res.1.b.norm.shift", "up.1.norm.scale", "out.bias"} <= set(old)
    save_file(old, tmp_path / PAINTER.name)
    shutil.copy(PAINTER.with_suffix(".yaml"), tmp_path)
    return tmp_path / PAINTER.name


def test_a_painter_with_older_names_paints_the_same(old_painter: Path) -> None:
    frames = skimage.data.astronaut()[None, 60:100, 180:220]
    np.testing.assert_array_equal(load_style(old_painter).paint(frames), load_style(PAINTER).paint(frames))
