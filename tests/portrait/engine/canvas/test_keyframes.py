"""Which frames of a motion the networks evaluate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from portrait.engine.canvas.keyframes import MOST, keyframes, shares
from portrait.engine.motion import Motion, list_motions, load_motion
from portrait.engine.motion.anatomy import COMPACT_MODEL
from portrait.engine.options import EngineOptions

PIXEL = 2 / 256


def line(positions: NDArray[np.floating[Any]], turn: float = 0) -> Motion:
    """One keypoint that moves along a line, with positions in pixels of the model's picture."""
    value = np.zeros((len(positions), 1, 2), np.float32)
    value[:, 0, 0] = positions * PIXEL
    angle = turn * positions
    jacobian = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1)
    return Motion("line", value, jacobian.reshape(-1, 1, 2, 2).astype(np.float32), 20, "any")


def test_a_slow_motion_has_few_keyframes_and_a_fast_one_has_all() -> None:
    assert keyframes(line(np.arange(13) * 0.4)) == [0, MOST, 2 * MOST]
    assert keyframes(line(np.arange(13) * 5.0)) == list(range(13))


def test_a_change_of_speed_costs_no_keyframes_and_the_shares_follow_it() -> None:
    eased = line(3.5 * (1 - np.cos(np.linspace(0, np.pi, MOST + 1))) / 2)
    assert keyframes(eased) == [0, MOST]
    np.testing.assert_allclose(
        list(shares(eased, 0, MOST)), eased.value[1:-1, 0, 0] / eased.value[-1, 0, 0], atol=1e-5
    )


def test_what_moves_there_and_back_has_a_keyframe_where_it_turns() -> None:
    assert 3 in keyframes(line(np.array([0, 0.5, 1, 1.5, 1, 0.5, 0])))


def test_a_turn_of_the_jacobian_counts_as_well_as_a_movement() -> None:
    still = line(np.zeros(9))
    assert len(keyframes(still)) == 3
    assert len(keyframes(line(np.arange(9) * 0.01, turn=30))) == 9


@pytest.mark.parametrize("frames", [1, 2, 3, 50])
def test_the_first_and_the_last_frame_are_keyframes(frames: int) -> None:
    chosen = keyframes(line(np.arange(frames) * 0.1))
    assert (chosen[0], chosen[-1]) == (0, frames - 1)
    assert chosen == sorted(set(chosen))


def test_no_blink_of_a_shipped_motion_is_interpolated() -> None:
    """Lids close within three frames: each of them is a keyframe."""
    folder = EngineOptions().motions
    for info in list_motions(COMPACT_MODEL, folder):
        motion = load_motion(info.name, folder)
        assert motion.jacobian is not None
        fast = np.abs(np.diff(motion.jacobian, axis=0)).max(axis=(1, 2, 3)) > 0.25
        chosen = set(keyframes(motion))
        assert all({int(t), int(t) + 1} <= chosen for t in np.flatnonzero(fast))
