"""What a portrait's crop shows of what one chooses or wears: how the head is held, and the colours around it.

One number a feature; ``docs/sorting.md`` has the list and what is left out on purpose. Skin, hair, age, sex, the
shape of the face and identity are not measured, and there is no embedding. Of the face only landmarks are used, and
the brightness inside the open eyes; no colour of it is read.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.photo.landmarks import CHIN, EYE_RINGS, HAIRLINE, FaceLandmarks, face_landmarks
from portrait.engine.photo.matte import Matte
from portrait.engine.photo.picture import Picture

# Colours are read in a crop of this side, so that they do not depend on the portrait's size.
_SIDE = 256

# Points of the mesh: the corners of the mouth, the middle of the upper and of the lower lip's inner edge.
_MOUTH_CORNERS, _LIPS = (61, 291), (13, 14)
# The upper edges of the brows, first the person's right one.
_BROWS = ((70, 63, 105, 66, 107), (300, 293, 334, 296, 336))
# By eye: outer corner, inner corner, upper lid, lower lid. First the person's right one.
_EYES = ((33, 133, 159, 145), (263, 362, 386, 374))

# An eye as it is searched for its pupil: pixels across and down, corners at the middle of the sides.
_EYE_SIZE = (48, 24)
# The border that is left out, in the same pixels: the lids and their shadow, whose darkness is that of the skin.
_LIDS = (4, 2)
# The pupil is among the darkest of the open eye's pixels: this fraction.
_DARKEST = 0.2

# Hues in degrees: where a colour begins, is full from and to, and ends; and the saturation (0..1) at which it begins
# to count and counts in full. Red ends before, and yellow begins after, the hues of skin and hair of any tone. Green
# and blue begin above 0.29, the saturation of a grey in light that weakens one channel and strengthens another by a
# sixth: such a cast comes from the camera, and makes skin look lighter or darker as well.
_HUES: dict[str, tuple[tuple[float, float, float, float], tuple[float, float]]] = {
    "red": ((325, 335, 363, 368), (0.55, 0.7)),
    "yellow": ((44, 48, 62, 70), (0.55, 0.7)),
    "green": ((72, 85, 160, 172), (0.3, 0.45)),
    "blue": ((185, 197, 250, 265), (0.3, 0.45)),
}
# Chroma (0..1, the largest of the three channels less the smallest) at which a pixel begins to have a colour and has
# one in full: black cloth and black hair have saturated shades in cool light, but less chroma.
_CHROMA = (0.1, 0.16)


@dataclass(frozen=True)
class Readings:
    """``tilt``: degrees by which the head leans, positive to the picture's right.

    ``gaze``: how far the eyes look to the side, -1 (the picture's left) to 1. ``smile``: how far the mouth's corners
    are above its middle, in mouth widths. ``brows``: their height above the eyes, in distances of the eyes. ``eyes``:
    how far they are open, in their widths. ``clothes_*`` and ``behind_*``: the fraction of the clothes' and of the
    background's pixels with that colour.
    """

    tilt: float
    gaze: float
    smile: float
    brows: float
    eyes: float
    clothes_red: float
    clothes_yellow: float
    clothes_green: float
    clothes_blue: float
    behind_red: float
    behind_yellow: float
    behind_green: float
    behind_blue: float

    def to_json(self) -> dict[str, float]:
        """The features by name, rounded to what is kept."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


FEATURES = tuple(field.name for field in fields(Readings))


# Those whose sign is the side.
SIDED = ("tilt", "gaze")


def read(crop: Picture, matte: Matte) -> Readings | None:
    """The readings of a crop, uint8 (S, S, 3), RGB, with its person's matte, (S, S) in 0..1.

    They are the means of the crop's and of its mirror image's, since the landmarks of the two differ a little: so a
    mirrored photo is read as the photo. None where a face has no landmarks. Raises CheckpointError.
    """
    seen, mirrored = (_read(*view) for view in ((crop, matte), (_mirrored(crop), _mirrored(matte))))
    if seen is None or mirrored is None:
        return None
    means = {
        name: (value + (-1 if name in SIDED else 1) * getattr(mirrored, name)) / 2
        for name, value in asdict(seen).items()
    }
    return Readings(**means)


def _mirrored(picture: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(picture[:, ::-1])


def _read(crop: Picture, matte: Matte) -> Readings | None:
    landmarks = face_landmarks(crop)
    if landmarks is None:
        return None
    points = landmarks.points * len(crop)
    angle = math.radians(landmarks.lean)
    level = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    upright = points @ level.T
    small = np.asarray(cv2.resize(crop, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    person = np.asarray(cv2.resize(matte, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.float32)
    colours = _colours(small)
    clothes = _clothes(person, landmarks)
    return Readings(
        tilt=landmarks.lean,
        gaze=_gaze(crop, points),
        smile=_smile(upright),
        brows=_brows(upright),
        eyes=_open(upright),
        **{f"clothes_{name}": _share(colour, clothes) for name, colour in colours.items()},
        **{f"behind_{name}": _share(colour, person < 0.05) for name, colour in colours.items()},
    )


def _smile(upright: NDArray[np.float64]) -> float:
    right, left = (upright[corner] for corner in _MOUTH_CORNERS)
    middle = np.mean([upright[point] for point in _LIPS], axis=0)
    return float((middle[1] - (right[1] + left[1]) / 2) / np.linalg.norm(left - right))


def _brows(upright: NDArray[np.float64]) -> float:
    eyes = [upright[ring].mean(axis=0) for ring in EYE_RINGS]
    above = [eye[1] - upright[list(brow), 1].mean() for eye, brow in zip(eyes, _BROWS, strict=True)]
    return float(np.mean(above) / np.linalg.norm(eyes[1] - eyes[0]))


def _open(upright: NDArray[np.float64]) -> float:
    return float(
        np.mean(
            [
                np.linalg.norm(upright[upper] - upright[lower])
                / np.linalg.norm(upright[inner] - upright[outer])
                for outer, inner, upper, lower in _EYES
            ]
        )
    )


def _gaze(crop: Picture, points: NDArray[np.float64]) -> float:
    """Where between the corners the darkest part of the open eyes is, -1 to 1; 0 where no eye is open."""
    across, down = _EYE_SIZE
    found = []
    for (outer, inner, *_lids), ring in zip(_EYES, EYE_RINGS, strict=True):
        left, right = sorted((points[outer], points[inner]), key=lambda point: float(point[0]))
        along = right - left
        below = np.array([-along[1], along[0]])
        centre = (left + right) / 2
        source = np.array([left, right, centre + below * (down / across / 2)], np.float32)
        target = np.array([[0, down / 2], [across, down / 2], [across / 2, down]], np.float32)
        turn = cv2.getAffineTransform(source, target)
        eye = cv2.cvtColor(cv2.warpAffine(crop, turn, _EYE_SIZE), cv2.COLOR_RGB2GRAY)
        mask = np.zeros((down, across), np.uint8)
        outline = points[ring] @ turn[:, :2].T + turn[:, 2]
        cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 1)
        inside = mask > 0
        if inside.sum() < across * down / 12:
            continue  # closed
        inside = _without_border(mask)
        if not inside.any():
            continue
        eye = cv2.GaussianBlur(eye.astype(np.float32), (0, 0), 1.5)
        limit = np.quantile(eye[inside], _DARKEST)
        _rows, columns = np.nonzero(inside & (eye <= limit))
        found.append((float(columns.mean()) + 0.5) / (across / 2) - 1)
    return float(np.mean(found)) if found else 0.0


def _without_border(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    beside, above = _LIDS
    return np.asarray(cv2.erode(mask, np.ones((2 * above + 1, 2 * beside + 1), np.uint8), borderValue=0) > 0)


def _clothes(person: Matte, landmarks: FaceLandmarks) -> NDArray[np.bool_]:
    """Where the person's clothes are: below the chin, beside the neck."""
    hairline, chin = landmarks.points[HAIRLINE], landmarks.points[CHIN]
    height = float(np.linalg.norm(chin - hairline))
    centres = (np.arange(_SIDE) + 0.5) / _SIDE
    below = centres > chin[1] + 0.06 * height
    beside = np.abs(centres - chin[0]) > 0.3 * height
    return (person > 0.95) & below[:, None] & beside[None, :]


def _colours(small: Picture) -> dict[str, NDArray[np.float32]]:
    """How much of each colour of ``_HUES`` each pixel has, (H, W) in 0..1."""
    hue, saturation, value = np.moveaxis(
        cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2HSV), -1, 0
    )
    coloured = _rising(saturation * value, *_CHROMA)
    found = {}
    for name, ((begins, full, until, ends), saturations) in _HUES.items():
        turned = np.where(hue < begins - 1, hue + 360, hue)
        strength = _rising(turned, begins, full) * (1 - _rising(turned, until, ends))
        found[name] = strength * _rising(saturation, *saturations) * coloured
    return found


def _rising(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """0 up to ``low``, 1 from ``high`` on."""
    return np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)


def _share(colour: NDArray[np.float32], region: NDArray[np.bool_]) -> float:
    """The colour's mean over the region; 0 where that is too small to be seen."""
    return float(colour[region].mean()) if region.mean() > 0.01 else 0.0
