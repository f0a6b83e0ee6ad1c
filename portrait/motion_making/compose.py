"""The shipped templates, composed from curves over the learned basis of facial motion.

A *specification* is a handful of curves, one for each driver or movement of the head, over one period of the loop.
Each curve starts and ends at rest with no speed, so that the loop has no seam and frame 0 is a face at rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portrait.engine.motion.affine import exp2
from portrait.engine.motion.anatomy import COMPACT_MODEL
from portrait.engine.motion.basis import DRIVERS, Basis
from portrait.engine.motion.template import Motion

Array = NDArray[np.float64]
Curve = Callable[[Array], Array]  # seconds (T,) -> amount (T,)

NECK = np.array([0.0, 0.95])  # the point that the head rolls about, below the chin
# Standard deviations of "close" that shut the eyes. People reach 6, but beyond 5 the compact network's warp is so
# steep that a second eye shows above the first.
FULL_BLINK = 4.4


@dataclass(frozen=True)
class MotionSpec:
    """One shipped template: its frames at ``fps`` and its curves by channel.

    Channels are the basis' drivers (in standard deviations), ``roll`` (radians, clockwise in the picture), and
    ``right``, ``down`` (in the keypoints' -1..1 units).
    """

    name: str
    title: dict[str, str]
    frames: int
    fps: float
    curves: dict[str, Curve]


def pulse(start: float, rise: float, hold: float, fall: float, height: float) -> Curve:
    """From rest up to ``height`` within ``rise`` seconds after ``start``, ``hold`` there, back within ``fall``."""

    def curve(seconds: Array) -> Array:
        up = ease((seconds - start) / rise)
        down = ease((seconds - start - rise - hold) / fall)
        return height * (up - down)

    return curve


def ease(x: Array) -> Array:
    """0 below 0, 1 above 1, and between them the minimum-jerk polynomial, which describes human movements."""
    x = np.clip(x, 0, 1)
    return np.asarray(x**3 * (10 - 15 * x + 6 * x**2))


def blink(start: float, height: float = FULL_BLINK) -> Curve:
    """One blink: the lids fall about twice as fast as they rise, and stay shut for a frame."""
    return pulse(start, rise=0.15, hold=0.05, fall=0.3, height=height)


def syllables(*beats: tuple[float, float, float]) -> Curve:
    """Speech: for each (start, seconds, height) up and down again at once, as a jaw or a lip does in a syllable."""
    return together(*(pulse(start, length / 2, 0.0, length / 2, height) for start, length, height in beats))


def together(*curves: Curve) -> Curve:
    return lambda seconds: np.sum([curve(seconds) for curve in curves], axis=0)


MOTION_SPECS = (
    MotionSpec(
        "breathing",
        {"en": "Breathing", "ko": "숨쉬기"},
        frames=60,
        fps=20,
        curves={
            "down": pulse(0.05, 1.2, 0.1, 1.5, -0.016),
            "nod": pulse(0.1, 1.3, 0.1, 1.4, -0.7),
            "turn": pulse(0.2, 1.2, 0.2, 1.3, 0.6),
            "close": blink(1.65),
        },
    ),
    MotionSpec(
        "look-around",
        {"en": "Looking around", "ko": "둘러보기"},
        frames=80,
        fps=20,
        curves={
            "turn": together(pulse(0.1, 0.8, 0.35, 0.9, -1.8), pulse(1.8, 0.9, 0.35, 0.85, 1.8)),
            "roll": together(pulse(0.1, 0.8, 0.35, 0.9, -0.02), pulse(1.8, 0.9, 0.35, 0.85, 0.02)),
            "nod": together(pulse(0.3, 0.8, 0.1, 0.9, 0.4), pulse(2.0, 0.8, 0.1, 0.9, 0.4)),
            "close": blink(1.6),
        },
    ),
    MotionSpec(
        "nod",
        {"en": "Nod", "ko": "끄덕임"},
        frames=70,
        fps=20,
        curves={
            "nod": together(
                pulse(0.05, 0.5, 0.0, 0.6, -0.8),
                pulse(0.55, 0.65, 0.1, 0.7, 2.6),
                pulse(2.0, 0.55, 0.0, 0.8, 1.2),
            ),
            "close": blink(0.75),
        },
    ),
    MotionSpec(
        "tilt",
        {"en": "Tilt of the head", "ko": "갸웃거림"},
        frames=76,
        fps=20,
        curves={
            "roll": pulse(0.1, 1.1, 0.8, 1.3, 0.07),
            "turn": pulse(0.2, 1.1, 0.7, 1.3, 0.8),
            "brows": pulse(0.5, 0.6, 0.6, 0.9, 1.0),
            "close": blink(1.9),
        },
    ),
    MotionSpec(
        "smile",
        {"en": "Smile", "ko": "미소"},
        frames=80,
        fps=20,
        curves={
            "lift": pulse(0.4, 0.8, 1.1, 1.1, 3.2),
            "widen": pulse(0.4, 0.8, 1.1, 1.1, 2.6),
            "roll": pulse(0.5, 1.1, 0.6, 1.3, -0.03),
            "nod": pulse(0.4, 1.1, 0.6, 1.4, 0.5),
            "close": together(pulse(0.5, 0.8, 1.0, 1.0, 0.8), blink(0.15), blink(2.75, FULL_BLINK * 0.97)),
        },
    ),
    MotionSpec(
        "proud-turn",
        {"en": "Proud turn of the head", "ko": "도도하게 고개 돌리기"},
        frames=80,
        fps=20,
        curves={
            # The chin goes up first and comes down last; between them the head turns slowly, and stays.
            "nod": pulse(0.05, 1.2, 1.3, 1.4, -1.4),
            "turn": pulse(0.25, 1.3, 0.9, 1.4, 2.3),
            "roll": pulse(0.3, 1.3, 0.8, 1.4, 0.025),
            "brows": pulse(0.9, 0.6, 0.9, 0.8, 0.9),
            # Lids a little heavy while the chin is up.
            "close": together(pulse(0.5, 0.9, 1.0, 0.5, 0.6), blink(2.6)),
        },
    ),
    MotionSpec(
        "talking",
        {"en": "Talking", "ko": "이야기하기"},
        frames=80,
        fps=20,
        curves={
            # Two phrases of four and five syllables, a breath between them and after them. A closed mouth that
            # opens shows thick lips and no teeth; up to 2, the openings of calm speech, it does not show.
            "open": syllables(
                (0.2, 0.4, 1.5),
                (0.5, 0.35, 0.9),
                (0.75, 0.45, 1.9),
                (1.15, 0.4, 1.1),
                (1.95, 0.4, 1.2),
                (2.25, 0.45, 2.0),
                (2.6, 0.35, 0.8),
                (2.85, 0.45, 1.6),
                (3.25, 0.4, 0.9),
            ),
            # Spread for an "ee", rounded for an "oo".
            "widen": syllables(
                (0.45, 0.5, 0.9), (1.05, 0.6, -1.1), (1.9, 0.5, -1.0), (2.5, 0.55, 1.0), (3.15, 0.55, -0.7)
            ),
            # The head marks the stressed syllables.
            "nod": syllables((0.1, 0.6, -0.4), (0.65, 0.8, 0.9), (2.1, 0.9, 1.0), (2.9, 0.9, 0.5)),
            "turn": together(pulse(0.1, 1.0, 0.4, 0.9, 0.6), pulse(1.9, 0.9, 0.2, 0.9, -0.6)),
            "roll": pulse(1.7, 0.9, 0.4, 0.9, 0.02),
            "brows": syllables((0.6, 0.8, 0.7), (2.1, 0.9, 0.8)),
            "close": blink(1.45),
        },
    ),
)


def compose(spec: MotionSpec, basis: Basis) -> Motion:
    """Play ``spec``'s curves over ``basis``."""
    seconds = np.arange(spec.frames) / spec.fps

    def channel(name: str) -> Array:
        curve = spec.curves.get(name)
        return np.zeros_like(seconds) if curve is None else curve(seconds)

    amounts = np.stack([channel(driver.name) for driver in DRIVERS], axis=1)  # (T, D)
    face = basis.rest_value + np.einsum("td,dkx->tkx", amounts, basis.value)  # (T, 16, 2)
    frames = exp2(np.einsum("td,dkxy->tkxy", amounts, basis.log_jacobian)) @ basis.rest_jacobian
    angle = channel("roll")
    cos, sin = np.cos(angle), np.sin(angle)
    roll = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)  # (T, 2, 2)
    moved = amounts @ basis.shift + np.stack([channel("right"), channel("down")], axis=1)  # (T, 2)
    value = (face - NECK) @ roll.transpose(0, 2, 1) + NECK + moved[:, None]
    return Motion(
        name=spec.name,
        value=value.astype(np.float32),
        jacobian=(roll[:, None] @ frames).astype(np.float32),
        fps=spec.fps,
        model=COMPACT_MODEL,
        title=spec.title,
    )
