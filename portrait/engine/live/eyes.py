"""The eyes of a live portrait look aside without the head: a smooth warp moves the irises.

The motion model has no keypoint of an iris. So the picture at rest is warped around each eye: the middle of the eye
moves by the gaze, the border of an ellipse around the lids does not move at all. Between them the lids follow a
little, as they do when people look up or down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.carrying import own_places, sampled
from portrait.engine.canvas.subject import PaintedSubject
from portrait.engine.fomm.region import Region
from portrait.engine.photo.landmarks import face_landmarks
from portrait.engine.photo.picture import Picture

# The half axes of the ellipse: of the eye's half width, and of the half height of the lids' opening.
_ACROSS, _DOWN = 1.05, 1.7
# The furthest gaze moves an iris by these fractions of the eye's width; down by less in a narrow opening, so that the
# warp folds nothing.
_REACH = (0.13, 0.055)
# Within this part of the ellipse, squared, everything moves as the middle does: an iris keeps its shape.
_STIFF = 0.1
# Of the eye's width, an opening below which the eye is half shut: there is no iris to be moved.
_LEAST_OPENING = 0.16
# Of the side: smaller eyes are not moved.
_LEAST_WIDTH = 0.035


@dataclass(frozen=True)
class Eye:
    """The ellipse around an eye and the furthest movement of its middle, all in fractions of the side."""

    centre: tuple[float, float]
    axes: tuple[float, float]
    reach: tuple[float, float]


def eyes_of(photo: Picture) -> tuple[Eye, ...]:
    """The open eyes of a portrait, uint8 (S, S, 3): none where no face is found, or only one open eye."""
    landmarks = face_landmarks(photo)
    if landmarks is None:
        return ()
    found = []
    for outline in landmarks.eyes:
        low, high = outline.min(axis=0), outline.max(axis=0)
        width, opening = high - low
        if width < _LEAST_WIDTH or opening < _LEAST_OPENING * width:
            continue
        x, y = (low + high) / 2
        found.append(
            Eye(
                (float(x), float(y)),
                (float(_ACROSS * width / 2), float(_DOWN * opening / 2)),
                (float(_REACH[0] * width), float(min(_REACH[1] * width, _REACH[0] * opening * _DOWN))),
            )
        )
    # Two eyes look to the same place, or neither does.
    return tuple(found) if len(found) == len(landmarks.eyes) else ()


def looking(painted: PaintedSubject, eyes: tuple[Eye, ...], right: float, down: float) -> PaintedSubject:
    """The subject with the gaze ``right`` and ``down``, each -1..1, in its photo and in its paintings."""
    if not eyes or not (right or down):
        return painted
    subject = painted.subject
    side = subject.side

    def warped(picture: Picture) -> Picture:
        return _warped(picture, eyes, (right, down), side)

    photo = replace(subject, photo=warped(subject.photo), surroundings=warped(subject.surroundings))
    return replace(
        painted,
        subject=photo,
        painting=warped(painted.painting),
        surroundings=warped(painted.surroundings),
    )


def _warped(picture: Picture, eyes: tuple[Eye, ...], gaze: tuple[float, float], side: int) -> Picture:
    """A picture of the frame, or of the frame with as many pixels more at each side."""
    height, width = picture.shape[:2]
    pixels = own_places(Region(0, 0, width, height))
    places = (pixels - np.float32((width - side) / 2) + np.float32(0.5)) / np.float32(side)
    moved = shift(places, eyes, gaze)
    warped = np.asarray(sampled(picture, pixels - moved * np.float32(side)), np.uint8)
    moving: NDArray[np.bool_] = np.any(moved, axis=2, keepdims=True)
    return np.where(moving, warped, picture)


def shift(
    places: NDArray[np.float32], eyes: tuple[Eye, ...], gaze: tuple[float, float]
) -> NDArray[np.float32]:
    """How far the gaze moves ``places``, float32 (h, w, 2) in fractions of the side, as the player computes it."""
    moved = np.zeros_like(places)
    for eye in eyes:
        away = (places - _pair(eye.centre)) / _pair(eye.axes)
        near = 1 - np.clip((np.square(away).sum(axis=2) - _STIFF) / (1 - _STIFF), 0, 1)
        weight = near * near * (3 - 2 * near)
        moved += weight[..., None] * _pair(gaze) * _pair(eye.reach)
    return moved


def _pair(values: tuple[float, float]) -> NDArray[np.float32]:
    return np.array(values, np.float32)
