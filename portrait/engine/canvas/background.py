"""The background behind a person: the photo with the person filled in."""

from __future__ import annotations

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
# The standard deviation of the transition from the photo to what was filled in, as a fraction of the side.
_SOFTNESS = 0.008


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
    soft = cv2.GaussianBlur(hole, (0, 0), _SOFTNESS * side)[..., None].astype(np.float32) / np.float32(255)
    return np.rint(photo + (filled - photo) * soft).astype(np.uint8)
