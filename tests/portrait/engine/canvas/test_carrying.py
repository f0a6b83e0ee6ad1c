"""A picture carried by a flow stays where nothing moves, and sharp where something does."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from portrait.engine.canvas.carrying import (
    Displacement,
    Places,
    at_rest,
    least_scale,
    oversampled,
    since_rest,
)
from portrait.engine.style import load_style
from tests.paths import ROOT
from tests.portrait.pictures import astronaut

SIDE = 256


def picture() -> np.ndarray:
    return np.ascontiguousarray(astronaut()[:SIDE, 90 : 90 + SIDE])


def shift(right: float, down: float) -> Displacement:
    """Everything moves by so many pixels of 256."""
    return np.full((128, 128, 2), (-right / SIDE, -down / SIDE), np.float32)


def sharpness(image: np.ndarray) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def test_at_rest_a_picture_is_itself() -> None:
    carried = Places(at_rest(), SIDE).carry(oversampled(picture()))
    assert np.abs(carried.astype(int) - picture()).max() <= 3
    assert np.abs(carried.astype(int) - picture()).mean() < 0.5


def test_a_shift_moves_every_pixel_by_as_much() -> None:
    carried = Places(shift(5, -3), SIDE).carry(oversampled(picture()))
    expected = picture()[3:-8, 8:-8]
    assert np.abs(carried[:-11, 13:-3].astype(int) - expected).mean() < 0.7


@pytest.mark.parametrize("offset", [0.25, 0.5, 0.75])
def test_a_shift_by_less_than_a_pixel_keeps_the_strokes_sharp(offset: float) -> None:
    painting = load_style(ROOT / "checkpoints" / "painter.safetensors").paint(picture()[None])[0]
    carried = Places(shift(offset, offset), SIDE).carry(oversampled(painting))
    assert sharpness(carried) / sharpness(painting) > 0.9


def test_a_part_of_a_frame_is_that_part_of_the_whole() -> None:
    places, layer = Places(shift(2.3, 1.1), SIDE), oversampled(picture())
    whole = places.carry(layer)
    np.testing.assert_array_equal(places.carry(layer, slice(40, 90), slice(100, 180)), whole[40:90, 100:180])


def test_the_flow_at_rest_is_taken_out_of_every_flow() -> None:
    x, y = np.meshgrid(np.linspace(0, 3, 128), np.linspace(0, 3, 128))
    rest = (0.002 * np.stack([np.sin(x), np.cos(y)], -1)).astype(np.float32)
    assert np.abs(since_rest(rest, rest)).max() < 1e-6
    moving = shift(6, 2) + rest
    # Nearly the shift: the flow at rest differs a little where the shift leads.
    np.testing.assert_allclose(since_rest(moving, rest), shift(6, 2), atol=0.0005)


def test_stretching_is_seen_in_either_direction() -> None:
    line = np.arange(128, dtype=np.float32) / 128
    halved = np.stack(np.broadcast_arrays(-0.5 * line[None], 0 * line[:, None]), -1).astype(np.float32)
    np.testing.assert_allclose(least_scale(halved), 0.5, atol=1e-3)
    np.testing.assert_allclose(least_scale(halved.transpose(1, 0, 2)[..., ::-1]), 0.5, atol=1e-3)
    np.testing.assert_allclose(least_scale(-halved), 1.0, atol=1e-3)
    np.testing.assert_allclose(least_scale(shift(9, 9)), 1.0, atol=1e-3)
