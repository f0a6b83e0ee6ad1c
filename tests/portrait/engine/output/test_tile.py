"""A tile is small for any clip, and loops in the clip's own time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from portrait.engine.output.formats import TILE
from portrait.engine.output.tile import TileEncoder
from tests.portrait.engine.output.test_encode import difference, encode, moving, played


def tile(frames: NDArray[np.uint8], fps: float, max_bytes: int = 90_000) -> bytes:
    encoder = TileEncoder(fps=fps, width=192, height=192, max_bytes=max_bytes)
    for start in range(0, len(frames), 7):
        encoder.write(frames[start : start + 7])
    return encoder.finish()


def noise(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (count, 192, 192, 3), dtype=np.uint8)


def test_a_tile_of_any_clip_is_small_enough() -> None:
    assert len(tile(noise(40), fps=20)) <= 90_000


@pytest.mark.parametrize("max_bytes", [60_000, 20_000, 8_000])
def test_a_lower_limit_is_kept_too(max_bytes: int) -> None:
    assert len(tile(moving(20, 192, 192), fps=10, max_bytes=max_bytes)) <= max_bytes


def test_a_clip_that_fits_is_encoded_in_the_best_quality() -> None:
    frames = moving(4, 192, 192)
    assert difference(played(tile(frames, fps=10))[0], frames) < 4
    assert len(tile(frames, fps=10)) > len(tile(frames, fps=10, max_bytes=10_000))


@pytest.mark.parametrize(
    ("fps", "count", "shown"), [(25, 70, 35), (20, 41, 21), (30, 60, 20), (12.5, 9, 9), (8, 5, 5)]
)
def test_a_tile_leaves_out_frames_and_keeps_the_duration(fps: float, count: int, shown: int) -> None:
    _, durations = played(tile(moving(count, 64, 64), fps))
    assert len(durations) == shown
    assert sum(durations) == pytest.approx(1000 * count / fps, abs=1)


def test_a_tile_that_must_be_reduced_keeps_the_duration() -> None:
    _, durations = played(tile(noise(41), fps=20))
    assert len(durations) < 21
    assert sum(durations) == pytest.approx(2050, abs=1)


def test_the_table_says_how_large_a_tile_is() -> None:
    file = encode(moving(6, 320, 320), fps=12).files["tile"]
    assert TILE.max_bytes is not None
    assert len(file) <= TILE.max_bytes
    assert played(file)[0].shape == (6, 192, 192, 3)
