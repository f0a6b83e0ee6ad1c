"""What about a photo will make a poor portrait. Hints are no errors: the portrait is made all the same.

The thresholds were measured on 169 portraits and on degraded copies of them (``manage.py measure_faces``; the numbers
are in docs/faces.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from portrait.engine.photo.crop import FACE_CENTRE_IN_FRAME, FACE_HEIGHT_IN_FRAME, FaceBox, crop_face
from portrait.engine.photo.landmarks import FaceLandmarks, face_landmarks
from portrait.engine.photo.picture import Picture

PHOTO_BLURRED, PHOTO_DARK, FACE_SMALL, FACE_TURNED_AWAY = (
    "photo_blurred",
    "photo_dark",
    "face_small",
    "face_turned_away",
)
HINTS = (FACE_SMALL, PHOTO_DARK, PHOTO_BLURRED, FACE_TURNED_AWAY)

# Pixels from hairline to chin. Less is enlarged more than three times for a portrait of 512 pixels.
SMALL_FACE = 80.0
# Mean grey value (0 to 255) of the face.
DARK = 50.0
# Standard deviation of the Laplacian of the grey values over the face, in a crop of 256 pixels.
BLURRED = 2.5
# Degrees.
TURNED_AWAY = 35.0

_SIDE = 256


def hints(picture: Picture, face: FaceBox) -> tuple[str, ...]:
    """:func:`crop_hints` of a face in uint8 (H, W, 3), RGB. Raises CheckpointError."""
    return crop_hints(crop_face(picture, face, _SIDE), face)


def crop_hints(crop: Picture, face: FaceBox) -> tuple[str, ...]:
    """The codes of what will look poor about a face: some of ``HINTS``, in their order.

    ``crop``: uint8 (S, S, 3), RGB, the face's crop of any side from 256 pixels on; ``face``: in pixels of its photo.
    A small or a dark face is not called blurred as well. Raises CheckpointError.
    """
    if len(crop) != _SIDE:
        crop = np.array(Image.fromarray(crop).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), np.uint8)
    brightness, sharpness = _measured(crop)
    found = {
        FACE_SMALL: face.height < SMALL_FACE,
        PHOTO_DARK: brightness < DARK,
        FACE_TURNED_AWAY: _turned_away(face_landmarks(crop)),
    }
    found[PHOTO_BLURRED] = sharpness < BLURRED and not (found[FACE_SMALL] or found[PHOTO_DARK])
    return tuple(code for code in HINTS if found[code])


def _measured(crop: Picture) -> tuple[float, float]:
    """Mean grey value of the face, and the standard deviation of its Laplacian."""
    grey = np.asarray(Image.fromarray(crop).convert("L"), np.float32)
    centres = (np.arange(_SIDE) + 0.5) / _SIDE
    across, down = FACE_CENTRE_IN_FRAME
    # Faces are about 0.7 times as wide as they are high.
    face = np.hypot((centres[None, :] - across) / 0.7, centres[:, None] - down) < FACE_HEIGHT_IN_FRAME / 2
    return float(grey[face].mean()), float(_laplacian(grey)[face].std())


def _laplacian(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """The differences of each pixel's four neighbours from it, summed; float (H, W). Reflected at the border."""
    wide = np.pad(grey, 1, mode="reflect")
    around = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:]
    return np.asarray(around - 4 * grey)


def _turned_away(landmarks: FaceLandmarks | None) -> bool:
    return landmarks is not None and abs(landmarks.turn) > TURNED_AWAY
