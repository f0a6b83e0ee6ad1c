"""The background behind a person: the photo with the person filled in."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.photo.picture import Picture

# The matte ends a little before the person's shadow and loose hair do: how much more is filled in, as a fraction
# of the side.
_MARGIN = 0.025
# From this alpha on a pixel belongs to the person.
_PERSON = 0.08
# The side at which the person is filled in. What lies behind is never seen in detail, and a small picture is filled
# quickly and smoothly.
_FILLING_SIDE = 128
_FILLING_RADIUS = 3  # pixels of that side
_SMOOTHING = 8.0  # standard deviation in pixels of that side
# Bands of the grain that is added to the filling, from the finest: standard deviations as fractions of the side.
_BANDS = (0.0, 1.5 / 512, 6 / 512)
# The standard deviation of the transition from the photo to what was filled in, as a fraction of the side.
_SOFTNESS = 0.008
# In a painting, strokes follow the person's outline. Up to the first distance from the person they would be seen as
# an outline of their own when the head moves; from the second on there are none. Fractions of the side.
_STROKES = (0.03, 0.07)


def without_person(photo: Picture, matte: NDArray[np.float32]) -> Picture:
    """uint8 (S, S, 3) with the person of ``matte``, (S, S) in 0..1, filled in from around."""
    side = len(photo)
    reach = 2 * round(_MARGIN * side) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    hole = (cv2.dilate(matte, kernel) > _PERSON).astype(np.uint8) * 255
    if hole.all():
        return photo
    small_size = (_FILLING_SIDE, _FILLING_SIDE)
    small = cv2.resize(photo, small_size, interpolation=cv2.INTER_AREA)
    small_hole = (cv2.resize(hole, small_size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    filled = cv2.inpaint(small, small_hole, _FILLING_RADIUS, cv2.INPAINT_TELEA)
    # Where the fillings from two sides meet there is an edge; deep inside the hole it is smoothed away.
    deep = cv2.GaussianBlur(small_hole.astype(np.float32), (0, 0), _SMOOTHING)[..., None] ** 2
    smooth = cv2.GaussianBlur(filled, (0, 0), _SMOOTHING)
    filled = (filled + (smooth - filled.astype(np.float32)) * deep).astype(np.float32)
    filled = cv2.resize(filled, (side, side), interpolation=cv2.INTER_CUBIC)
    filled = filled + _grain(photo, hole)
    soft = cv2.GaussianBlur(hole, (0, 0), _SOFTNESS * side)[..., None].astype(np.float32) / np.float32(255)
    # Grain goes beyond black and white, and uint8 would wrap around.
    return np.clip(np.rint(photo + (filled - photo) * soft), 0, 255).astype(np.uint8)


def beside_person(matte: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far a painting's strokes are those of the background alone: (S, S) in 0..1, 1 away from the person."""
    outside = (matte <= _PERSON).astype(np.uint8)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_5)
    near, far = (fraction * len(matte) for fraction in _STROKES)
    return np.asarray(np.clip((distance - near) / (far - near), 0, 1), dtype=np.float32)


def _grain(photo: Picture, hole: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Noise as strong as the grain of the photo outside the hole, (S, S, 3), the same for the same photo.

    A painter makes strokes of grain: without it, what was filled in would be painted as a flat patch around the head.
    """
    side, outside = len(photo), hole == 0
    total = np.zeros(photo.shape, np.float32)
    values = photo.astype(np.float32)
    noise = np.random.default_rng(0).standard_normal(photo.shape).astype(np.float32)
    for fine, coarse in pairwise(_BANDS):
        strength = _spread(_band(values, fine * side, coarse * side)[outside])
        own = _band(noise, fine * side, coarse * side)
        total += own * np.float32(strength / max(_spread(own), 1e-6))
    return total


def _band(values: NDArray[np.float32], fine: float, coarse: float) -> NDArray[np.float32]:
    sharp = cv2.GaussianBlur(values, (0, 0), fine) if fine else values
    return np.asarray(sharp - cv2.GaussianBlur(values, (0, 0), coarse), dtype=np.float32)


def _spread(values: NDArray[np.float32]) -> float:
    """The standard deviation of a normal distribution with the same median distance; edges do not count."""
    return float(np.median(np.abs(values))) * 1.4826
