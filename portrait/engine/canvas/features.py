"""Where eyes and mouth are in a source: there the generator's changes count in full."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.photo.landmarks import face_landmarks
from portrait.engine.photo.picture import Picture

# Half axes of the ellipses around an eye and the mouth, relative to the feature's own width: lids and lips move
# further than their outlines.
_EYE = (0.85, 0.75)
_MOUTH = (0.75, 0.65)
# Where no landmarks are found: the means of the framing, as fractions of the side (x, y, half axes).
_USUAL = ((0.38, 0.43, 0.10, 0.08), (0.62, 0.43, 0.10, 0.08), (0.5, 0.68, 0.15, 0.12))
# Standard deviation of the soft border, as a fraction of the side.
_SOFTNESS = 4 / 256


def features_of(source: Picture, side: int) -> NDArray[np.float32]:
    """float32 (side, side): 1 in the eyes and the mouth of uint8 (S, S, 3), 0 elsewhere, with soft borders."""
    mask = np.zeros((side, side), np.float32)
    for x, y, across, down, angle in _ellipses(source):
        centre = (round(x * side), round(y * side))
        axes = (round(across * side), round(down * side))
        cv2.ellipse(mask, centre, axes, angle, 0, 360, 1.0, thickness=-1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), _SOFTNESS * side), dtype=np.float32)


def _ellipses(source: Picture) -> list[tuple[float, float, float, float, float]]:
    """x, y, half axes as fractions of the side, and the angle in degrees, clockwise as seen."""
    landmarks = face_landmarks(source)
    if landmarks is None:
        return [(*ellipse, 0.0) for ellipse in _USUAL]
    outlines = [(outline, _EYE) for outline in landmarks.eyes] + [(landmarks.mouth, _MOUTH)]
    ellipses = []
    for outline, (across, down) in outlines:
        centre = (outline.min(axis=0) + outline.max(axis=0)) / 2
        # The line between the outline's two points that are farthest apart: the corners.
        distances = np.linalg.norm(outline[:, None] - outline[None], axis=2)
        first, second = np.unravel_index(distances.argmax(), distances.shape)
        width = float(distances.max())
        right, below = outline[second] - outline[first]
        angle = float(np.degrees(np.arctan2(below, right)))
        ellipses.append((float(centre[0]), float(centre[1]), across * width, down * width, angle))
    return ellipses
