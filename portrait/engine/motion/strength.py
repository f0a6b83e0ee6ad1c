"""How large a motion is played: a person's choice between a hint of it and a little more than was composed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portrait.engine.motion.affine import exp2, inv2, log2
from portrait.engine.motion.basis import COMPACT_MODEL, EYE_L, EYE_R
from portrait.engine.motion.loop_closing import MAX_LOG_CHANGE
from portrait.engine.motion.template import Motion
from portrait.engine.request import RULES

LIDS = (EYE_R, EYE_L)


def at_strength(motion: Motion, strength: float) -> Motion:
    """``motion`` with its displacements and its turns ``strength`` times as large, and its blinks as they are.

    A blink is not a matter of degree: half of one leaves sleepy eyes, and one and a half turns the warped eye inside
    out, so that a second eye shows above the first. Where it is known which keypoints are eyes (the compact model's),
    their lids close as far as the template says, at any strength. Of keypoints that are not known, no local frame's
    change grows beyond ``MAX_LOG_CHANGE``, about a blink's, unless the template itself goes further.

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
        closing = change[:, LIDS, 1, 1]  # below 0: the lids fall
        scaled[:, LIDS, 1, 1] = np.where(closing < 0, closing, scaled[:, LIDS, 1, 1])
    jacobian = (exp2(scaled) @ first).astype(np.float32)
    return replace(motion.scaled(strength), jacobian=jacobian)
