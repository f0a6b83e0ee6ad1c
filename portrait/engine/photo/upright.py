"""Finds the faces of a photo and turns the photo so that they are upright: cameras without a sensor, and scans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portrait.engine.photo.crop import FaceBox
from portrait.engine.photo.face_detection import FaceDetector
from portrait.engine.photo.picture import Picture

# Heads lean by less than this many degrees; a face that leans more lies on its side.
_MOST_LEAN = 50.0
# A turned photo is believed where its face has at least this score, and one better by this (logits of the mesh).
# Of 260 photos that are upright none reaches the first when turned.
_BELIEVED, _BETTER = 6.0, 6.0


@dataclass(frozen=True)
class UprightPhoto:
    """``picture``: uint8 (H, W, 3), turned clockwise by ``turned`` degrees (0, 90, 180 or 270).

    ``faces``: in pixels of it, the largest first; empty where none was found.
    """

    picture: Picture
    faces: tuple[FaceBox, ...]
    turned: int = 0


def upright_photo(picture: Picture, detector: FaceDetector) -> UprightPhoto:
    """The photo, uint8 (H, W, 3), RGB, with its largest face upright.

    It is turned where no face is found in it as it is, where its face lies on its side or upside down, and where
    a turned one shows a face more clearly.

    Raises CheckpointError.
    """
    as_it_is = UprightPhoto(picture, _found(picture, detector))
    best = as_it_is if _stands(as_it_is) else None
    if best is not None and best.faces[0].score >= detector.certain:
        return best
    believed = min(_BELIEVED, detector.certain)
    least = believed if best is None else max(believed, best.faces[0].score + _BETTER)
    for turn in (1, 3, 2):
        # np.rot90 turns counter-clockwise.
        turned = np.ascontiguousarray(np.rot90(picture, turn))
        other = UprightPhoto(turned, _found(turned, detector, small=False), -90 * turn % 360)
        if _stands(other) and other.faces[0].score >= least:
            best, least = other, other.faces[0].score
            if least >= detector.certain:
                break
    return best or as_it_is


def _found(picture: Picture, detector: FaceDetector, *, small: bool = True) -> tuple[FaceBox, ...]:
    return tuple(sorted(detector.detect(picture, small=small), key=lambda face: -face.height))


def _stands(photo: UprightPhoto) -> bool:
    """Whether the largest face is not on its side; False where there is none."""
    return bool(photo.faces) and abs(photo.faces[0].angle) <= _MOST_LEAN
