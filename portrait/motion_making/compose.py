"""The shipped templates, composed from curves over the learned basis of facial motion."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from portrait.engine.motion.affine import exp2
from portrait.engine.motion.anatomy import COMPACT_MODEL, NAMES
from portrait.engine.motion.basis import DRIVERS, Basis
from portrait.engine.motion.expressions import EXPRESSIONS
from portrait.engine.motion.gaze import GAZES
from portrait.engine.motion.template import Motion
from portrait.motion_making.curves import FULL_BLINK
from portrait.motion_making.specs import MotionSpec

Array = NDArray[np.float64]

NECK = np.array([0.0, 0.95])  # the point that the head rolls about, below the chin
# Where a gaze goes furthest: standard deviations of "turn", and of "nod" upwards and downwards.
GAZE_TURN, GAZE_UP, GAZE_DOWN = 2.3, 1.5, 2.0
# The lids follow the gaze, and the brows a gaze upwards, in standard deviations.
GAZE_LIDS_UP, GAZE_LIDS_DOWN, GAZE_BROWS = -0.5, 0.6, 0.8
# The amounts by channel of each expression at its full extent.
EXPRESSION_CHANNELS = {
    "nod": {"nod": 2.0},
    "tilt-left": {"roll": -0.07, "turn": -0.4},
    "tilt-right": {"roll": 0.07, "turn": 0.4},
    "breath": {"down": -0.016, "nod": -0.5},
    "smile": {"lift": 3.2, "widen": 2.6, "close": 0.5},
    "open": {"open": 1.8},
    "blink": {"close": FULL_BLINK},
    "wink": {"close_left": FULL_BLINK, "lift_left": 2.4},
}


def compose(spec: MotionSpec, basis: Basis) -> Motion:
    """Play ``spec``'s curves over ``basis``."""
    seconds = np.arange(spec.frames) / spec.fps

    def channel(name: str) -> Array:
        curve = spec.curves.get(name)
        return np.zeros_like(seconds) if curve is None else curve(seconds)

    value, jacobian = play(channel, basis)
    return Motion(spec.name, value, jacobian, spec.fps, COMPACT_MODEL, spec.title)


def compose_gaze(basis: Basis) -> Motion:
    """The gaze family: one frame for each of ``GAZES``, of which the first looks ahead."""
    right, down = np.array(GAZES, dtype=np.float64).T
    up = np.maximum(-down, 0)
    down = np.maximum(down, 0)
    channels = {
        "turn": GAZE_TURN * right,
        "nod": GAZE_DOWN * down - GAZE_UP * up,
        "close": GAZE_LIDS_DOWN * down + GAZE_LIDS_UP * up,
        "brows": GAZE_BROWS * up,
        "roll": 0.02 * right,
    }
    value, jacobian = play(lambda name: channels.get(name, np.zeros(len(GAZES))), basis)
    return Motion("gaze", value, jacobian, 10.0, COMPACT_MODEL, {"en": "Gaze", "ko": "시선"})


def compose_expressions(basis: Basis) -> Motion:
    """The expressions: a frame at rest, and one for each of ``EXPRESSIONS``."""

    def channel(name: str) -> Array:
        return np.array([0.0, *(EXPRESSION_CHANNELS[each].get(name, 0.0) for each in EXPRESSIONS)])

    value, jacobian = play(channel, basis)
    return Motion("expressions", value, jacobian, 10.0, COMPACT_MODEL, {"en": "Expressions", "ko": "표정"})


def play(channel: Callable[[str], Array], basis: Basis) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Keypoints (T, 16, 2) and Jacobians (T, 16, 2, 2) of amounts (T,) by channel (``specs.MotionSpec``)."""
    amounts = np.stack([channel(driver.name) for driver in DRIVERS], axis=1)  # (T, D)
    each = np.repeat(amounts[..., None], len(NAMES), axis=2)  # (T, D, 16)
    for side in ("left", "right"):
        own = np.array([name.endswith(f"_{side}") for name in NAMES])
        each += np.stack([channel(f"{driver.name}_{side}") for driver in DRIVERS], axis=1)[..., None] * own
    face = basis.rest_value + np.einsum("tdk,dkx->tkx", each, basis.value)  # (T, 16, 2)
    frames = exp2(np.einsum("tdk,dkxy->tkxy", each, basis.log_jacobian)) @ basis.rest_jacobian
    angle = channel("roll")
    cos, sin = np.cos(angle), np.sin(angle)
    roll = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)  # (T, 2, 2)
    moved = amounts @ basis.shift + np.stack([channel("right"), channel("down")], axis=1)  # (T, 2)
    value = (face - NECK) @ roll.transpose(0, 2, 1) + NECK + moved[:, None]
    return value.astype(np.float32), (roll[:, None] @ frames).astype(np.float32)
