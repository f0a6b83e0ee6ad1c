"""Curves of the shipped motions: amounts over time that start and end at rest, with no speed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Curve = Callable[[Array], Array]  # seconds (T,) -> amount (T,)

# Standard deviations of "close" that shut the eyes. People reach 6, but beyond 5 the compact network's warp is so
# steep that a second eye shows above the first.
FULL_BLINK = 4.4


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
