"""Measures face detectors: portraits in four orientations, pictures without a face, and the hints."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from portrait.engine.photo.decoding import read_photo
from portrait.engine.photo.face_detection import FaceDetector
from portrait.engine.photo.hints import FACE_SMALL, PHOTO_BLURRED, PHOTO_DARK, hints
from portrait.engine.photo.picture import Picture, scaled
from portrait.engine.photo.upright import upright_photo

QUARTERS = (0, 90, 180, 270)
# The copies that ought to get a hint: blurred by a fiftieth of the face, a quarter as bright, a face of 48 pixels.
_BLUR, _LIGHT, _FACE = 1 / 50, 0.25, 48.0


@dataclass
class Found:
    """What one detector found.

    ``upright``: by the degrees that the portraits were turned clockwise, how many were found and turned back.
    ``false``: the pictures without a face in which one was found. ``seconds``: of one portrait, of one picture
    without a face.
    """

    portraits: int
    empty: int
    upright: dict[int, int] = field(default_factory=dict)
    false: list[str] = field(default_factory=list)
    seconds: tuple[float, float] = (0.0, 0.0)


def measure_detector(detector: FaceDetector, portraits: Sequence[Path], empty: Sequence[Path]) -> Found:
    """Search portraits in four orientations, and pictures without a face as they are.

    Raises PhotoError for a file that is no picture, CheckpointError.
    """
    found = Found(len(portraits), len(empty))
    times: dict[bool, list[float]] = {True: [], False: []}
    for degrees in QUARTERS:
        found.upright[degrees] = 0
        for picture in _pictures(portraits):
            turned = np.ascontiguousarray(np.rot90(picture, -degrees // 90))
            begun = time.perf_counter()
            photo = upright_photo(turned, detector)
            if degrees == 0:
                times[True].append(time.perf_counter() - begun)
            found.upright[degrees] += bool(photo.faces) and (photo.turned + degrees) % 360 == 0
    for path, picture in zip(empty, _pictures(empty), strict=True):
        begun = time.perf_counter()
        if upright_photo(picture, detector).faces:
            found.false.append(path.name)
        times[False].append(time.perf_counter() - begun)
    found.seconds = _median(times[True]), _median(times[False])
    return found


def measure_hints(detector: FaceDetector, portraits: Sequence[Path]) -> dict[str, Counter[str]]:
    """How many portraits get which hint: as they are, blurred, dark, and with a small face.

    Raises PhotoError and CheckpointError.
    """
    counts = {name: Counter[str]() for name in ("as they are", PHOTO_BLURRED, PHOTO_DARK, FACE_SMALL)}
    for picture in _pictures(portraits):
        photo = upright_photo(picture, detector)
        if not photo.faces:
            continue
        face = photo.faces[0]
        counts["as they are"].update(hints(photo.picture, face))
        blurred = cv2.GaussianBlur(photo.picture, (0, 0), _BLUR * face.height)
        counts[PHOTO_BLURRED].update(hints(np.asarray(blurred, np.uint8), face))
        counts[PHOTO_DARK].update(hints(np.asarray(photo.picture * _LIGHT, np.uint8), face))
        small = upright_photo(scaled(photo.picture, min(1.0, _FACE / face.height)), detector)
        if small.faces:
            counts[FACE_SMALL].update(hints(small.picture, small.faces[0]))
    return counts


def _pictures(paths: Iterable[Path]) -> Iterable[Picture]:
    return (read_photo(path.read_bytes()) for path in paths)


def _median(seconds: list[float]) -> float:
    return float(np.median(seconds)) if seconds else 0.0
