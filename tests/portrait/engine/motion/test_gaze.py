"""The gaze family: nine poses in one small file, and every direction between them."""

from __future__ import annotations

import numpy as np
import pytest

from portrait.engine.motion.anatomy import NOSE
from portrait.engine.motion.basis import load_basis
from portrait.engine.motion.gaze import GAZE_FILE, GAZES, along, gaze_weights, load_gaze
from portrait.motion_making.compose import compose_gaze


def test_a_gaze_family_is_one_small_file_with_a_pose_for_each_direction() -> None:
    family = load_gaze()

    assert GAZE_FILE.stat().st_size < 4_000
    assert len(family) == len(GAZES) == len(set(GAZES))
    assert GAZES[0] == (0, 0)


def test_the_face_turns_to_where_it_looks() -> None:
    family = load_gaze()
    nose = (family.value - family.value[0])[:, NOSE] * 128  # pixels of 256

    for (right, down), place in zip(GAZES, nose, strict=True):
        for direction, moved in zip((right, down), place, strict=True):
            assert np.sign(moved) * direction > 0 if direction else abs(moved) < 3


def test_the_shipped_family_is_what_the_command_composes() -> None:
    made, shipped = compose_gaze(load_basis()), load_gaze()

    assert made.jacobian is not None and shipped.jacobian is not None
    np.testing.assert_allclose(made.value, shipped.value, atol=1e-6)
    np.testing.assert_allclose(made.jacobian, shipped.jacobian, atol=1e-6)


@pytest.mark.parametrize(("right", "down"), [(0, 0), (1, -1), (0.5, 0.25), (-0.3, 0.9), (7, -7)])
def test_the_shares_of_a_direction_sum_to_one_and_give_that_direction(right: float, down: float) -> None:
    shares = gaze_weights(right, down)

    assert shares.sum() == pytest.approx(1)
    assert np.count_nonzero(shares) <= 4
    np.testing.assert_allclose(shares @ np.array(GAZES), np.clip([right, down], -1, 1), atol=1e-9)


def test_a_path_begins_ahead_and_passes_through_the_poses_without_a_jump() -> None:
    family = load_gaze()
    right = np.linspace(0, 1, 21)

    motion = along(np.stack([right, np.zeros(21)], 1), family)

    assert motion.jacobian is not None and family.jacobian is not None
    np.testing.assert_allclose(motion.value[0], family.value[0], atol=1e-6)
    np.testing.assert_allclose(motion.value[-1], family.value[GAZES.index((1, 0))], atol=1e-6)
    np.testing.assert_allclose(motion.jacobian[-1], family.jacobian[GAZES.index((1, 0))], atol=1e-5)
    assert np.abs(np.diff(motion.value, axis=0)).max() * 128 < 1.5
