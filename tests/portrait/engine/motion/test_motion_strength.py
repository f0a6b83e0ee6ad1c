"""The strength of a motion, 0.5 to 1.5: heads move less or more, blinks stay blinks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from portrait.engine.errors import ChoiceError
from portrait.engine.motion import Motion, load_motion, motion_names
from portrait.engine.motion.affine import inv2, log2
from portrait.engine.motion.anatomy import COMPACT_MODEL, EYES, NOSE, UPPER_LIP
from portrait.engine.motion.loop_closing import MAX_LOG_CHANGE
from portrait.engine.motion.strength import at_strength


def change(motion: Motion) -> NDArray[np.float64]:
    """The logarithm of each local frame's change since frame 0: (T, K, 2, 2)."""
    assert motion.jacobian is not None
    return log2(motion.jacobian @ inv2(motion.jacobian[:1]))


@pytest.mark.parametrize("strength", [0.5, 0.8, 1.5])
@pytest.mark.parametrize("name", motion_names())
def test_the_head_moves_in_proportion_and_the_lids_close_as_far_as_ever(name: str, strength: float) -> None:
    motion = load_motion(name)
    played = at_strength(motion, strength)

    moved, composed = (m.value - m.value[:1] for m in (played, motion))
    np.testing.assert_allclose(moved, strength * composed, atol=1e-6)
    np.testing.assert_allclose(change(played)[:, NOSE], strength * change(motion)[:, NOSE], atol=1e-5)
    closing = change(motion)[:, EYES, 1, 1].min(axis=0)
    np.testing.assert_allclose(change(played)[:, EYES, 1, 1].min(axis=0), closing, atol=1e-5)
    assert (closing < -1).all()


def test_a_mouth_opens_wider_at_more_strength() -> None:
    talking = load_motion("talking")

    quiet, loud = (
        change(at_strength(talking, strength))[:, UPPER_LIP, 1, 1].max() for strength in (0.5, 1.5)
    )

    assert loud == pytest.approx(3 * quiet, rel=1e-3)


def test_frames_of_unknown_keypoints_are_not_folded_over() -> None:
    motion = replace(load_motion("breathing"), model="other-16")

    played, composed = change(at_strength(motion, 1.5)), change(motion)

    assert np.abs(composed).max() < MAX_LOG_CHANGE < 1.5 * np.abs(composed).max()
    assert np.abs(played).max() == pytest.approx(MAX_LOG_CHANGE, abs=1e-4)


def test_a_motion_without_jacobians_is_scaled_too() -> None:
    motion = replace(load_motion("nod"), jacobian=None)

    played = at_strength(motion, 1.5)

    assert played.jacobian is None
    np.testing.assert_allclose(np.ptp(played.value, axis=0), 1.5 * np.ptp(motion.value, axis=0), rtol=1e-4)


def test_a_strength_of_one_is_the_template_itself() -> None:
    motion = load_motion("smile")

    assert at_strength(motion, 1) is motion
    assert motion.model == COMPACT_MODEL


@pytest.mark.parametrize("strength", [0.0, 0.49, 1.51, -1.0, float("nan"), float("inf")])
def test_other_strengths_are_refused(strength: float) -> None:
    with pytest.raises(ChoiceError, match=r"from 0\.5 to 1\.5") as refusal:
        at_strength(load_motion("nod"), strength)
    assert refusal.value.code == "bad_strength"
