"""The expressions of live portraits: one small file, and mixtures that stay in their range."""

from __future__ import annotations

import numpy as np
import pytest

from portrait.engine.live.poses import POSES, Amplitudes, of_pose, posed
from portrait.engine.motion.anatomy import EYES
from portrait.engine.motion.basis import load_basis
from portrait.engine.motion.expressions import EXPRESSIONS, EXPRESSIONS_FILE, load_expressions
from portrait.motion_making.compose import compose_expressions


def test_the_shipped_expressions_are_what_the_command_composes() -> None:
    made, shipped = compose_expressions(load_basis()), load_expressions()

    assert EXPRESSIONS_FILE.stat().st_size < 4_000
    assert len(shipped) == len(EXPRESSIONS) + 1
    assert made.jacobian is not None and shipped.jacobian is not None
    np.testing.assert_allclose(made.value, shipped.value, atol=1e-6)
    np.testing.assert_allclose(made.jacobian, shipped.jacobian, atol=1e-6)


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_pose_has_its_own_share_and_no_other(share: float) -> None:
    shares = np.stack([of_pose(pose, share).shares() for pose in POSES])

    np.testing.assert_allclose(shares, share * np.eye(len(POSES)), atol=1e-9)


@pytest.mark.parametrize(("right", "down"), [(1, 1), (0.3, -0.9), (-0.5, 0.5), (0, 0)])
def test_a_look_reaches_as_far_as_its_larger_part(right: float, down: float) -> None:
    shares = Amplitudes(look_right=right, look_down=down).shares()

    assert shares.sum() == pytest.approx(max(abs(right), abs(down)))
    places = np.array([pose.at for pose in POSES])
    np.testing.assert_allclose(shares @ places, [right, down], atol=1e-9)


def test_amplitudes_outside_their_range_are_clamped() -> None:
    assert Amplitudes(look_right=3, tilt=-2, blink=-1, nod=9) == Amplitudes(look_right=1, tilt=-1, nod=1)


def test_the_lids_shut_as_far_wherever_the_head_is() -> None:
    motion = posed([Amplitudes(blink=1), Amplitudes(look_right=0.8, tilt=0.5, blink=1)])

    assert motion.jacobian is not None
    open_, *shut = np.linalg.det(motion.jacobian[:, EYES]).mean(axis=1)
    assert max(shut) < 0.5 * open_
    assert shut[0] == pytest.approx(shut[1], rel=0.25)
