"""The matte tells the person of a crop from the background, at the crop's own resolution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from portrait.engine.errors import CheckpointError
from portrait.engine.photo.crop import FaceBox, crop_face
from portrait.engine.photo.guided_filter import guided_filter
from portrait.engine.photo.matte import person_matte
from tests.portrait.pictures import astronaut, resized

FACE = FaceBox(226, 127, 101, 1.0, "hand")


@pytest.mark.parametrize("side", [256, 384, 640])
def test_the_person_is_one_and_the_background_zero_at_any_size(side: int) -> None:
    matte = person_matte(crop_face(astronaut(), FACE, side))
    assert matte.shape == (side, side)
    assert matte.dtype == np.float32
    assert matte.min() >= 0 and matte.max() <= 1
    assert matte[side // 3 : 2 * side // 3, side // 3 : 2 * side // 3].min() > 0.99
    # The wall on the left.
    assert matte[side // 8 : side // 4, : side // 20].max() < 0.01


def test_most_pixels_are_decided() -> None:
    matte = person_matte(crop_face(astronaut(), FACE, 512))
    assert np.mean((matte > 0.02) & (matte < 0.98)) < 0.08


@pytest.mark.parametrize("name", ["rocket", "brick", "gravel"])
def test_without_a_person_everything_moves(name: str) -> None:
    picture = np.asarray(Image.fromarray(getattr(data, name)()).convert("RGB"))
    assert (person_matte(resized(picture, 256, 256)) == 1).all()


def test_a_face_that_fills_the_frame_is_all_person() -> None:
    assert (person_matte(resized(astronaut()[105:165, 195:255], 256, 256)) == 1).all()


def test_a_missing_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"selfie_segmentation\.tflite"):
        person_matte(astronaut(), tmp_path)


def test_a_blurred_edge_becomes_that_of_the_guide() -> None:
    guide = np.zeros((64, 64, 3), np.float32)
    guide[:, 34:] = (0.9, 0.6, 0.3)
    ramp = np.clip((np.arange(64, dtype=np.float32) - 26) / 12, 0, 1)
    filtered = guided_filter(guide, np.tile(ramp, (64, 1)), radius=8, epsilon=1e-4)
    steps = np.diff(filtered[32])
    assert np.argmax(steps) == 33
    assert steps.max() > 0.5
