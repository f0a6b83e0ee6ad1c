"""TEMPORARY."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portrait.engine.photo.face_networks import detect, face_mesh
from portrait.engine.photo.picture import Picture

_RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
_LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)


@dataclass(frozen=True)
class FaceLandmarks:
    eyes: tuple[NDArray[np.float64], NDArray[np.float64]]
    mouth: NDArray[np.float64]


def face_landmarks(crop: Picture) -> FaceLandmarks | None:
    found = detect(crop, threshold=0.3)
    if not found:
        return None
    face = max(found, key=lambda f: f.width)
    p = face_mesh(crop, face).points / len(crop)
    return FaceLandmarks((p[list(_RIGHT_EYE)], p[list(_LEFT_EYE)]), p[list(_LIPS)])
