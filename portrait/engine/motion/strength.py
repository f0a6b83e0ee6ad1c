"""Scales a motion template by a strength that the user chooses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portrait.engine.motion.affine import exp2, inv2, log2
from portrait.engine.motion.anatomy import COMPACT_MODEL, EYES
from portrait.engine.motion.loop_closing import MAX_LOG_CHANGE
from portrait.engine.motion.template import Motion
from portrait.engine.request import RULES


def at_strength(motion: Motion, strength: float) -> Motion:
    """``motion`` with displacements and rotations ``strength`` times as large, and unchanged blinks.

    Blinks are not scaled: half a blink leaves the eyes half open, and one and a half turns the warped eye inside out,
    so that a second eye shows above the first. For the compact model, whose keypoints are known, the lids close as
    far as the template says at any strength. For other models no local frame's change grows beyond
    ``MAX_LOG_CHANGE``, about a blink's, unless the template itself exceeds it.

    Raises ChoiceError (``bad_strength``).
    """
    RULES["strength"].check("strength", strength)
    if strength == 1 or motion.jacobian is None:
        return motion.scaled(strength)
    first = motion.jacobian[:1].astype(np.float64)
    change = log2(motion.jacobian @ inv2(first))  # (T, K, 2, 2)
    size = np.abs(change).max(axis=(-2, -1), keepdims=True)  # (T, K, 1, 1)
    most = np.maximum(1.0, MAX_LOG_CHANGE / np.maximum(size, 1e-9))
    scaled = change * np.minimum(strength, most)
    if motion.model == COMPACT_MODEL:
        closing = change[:, EYES, 1, 1]  # below 0: the lids close
        scaled[:, EYES, 1, 1] = np.where(closing < 0, closing, scaled[:, EYES, 1, 1])
    jacobian = (exp2(scaled) @ first).astype(np.float32)
    return replace(motion.scaled(strength), jacobian=jacobian)
