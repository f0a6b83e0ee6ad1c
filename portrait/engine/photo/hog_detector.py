"""dlib's face detector on histograms of oriented gradients (HOG), run at several scales and angles."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from portrait.engine.photo.box_framing import BoxFraming
from portrait.engine.photo.crop import FaceBox
from portrait.engine.photo.picture import Picture, scaled

# dlib's five sub-detectors frame a face differently: frontal, turned to the picture's left and right, rotated left
# and right. Medians over the face-mesh points of 1,265 detections on the training clips, mirrored pairs averaged;
# those of the two rotated ones are from 16 detections. The heights are then scaled by .984, which brings the median
# after refinement, on one frame of each of 211 clips, to the intended height.
FRAMING = (
    BoxFraming(height=1.108, right=0.0, down=-0.016),
    BoxFraming(height=1.03, right=0.093, down=0.039),
    BoxFraming(height=1.03, right=-0.093, down=0.039),
    BoxFraming(height=1.043, right=-0.06, down=-0.02),
    BoxFraming(height=1.043, right=0.06, down=-0.02),
)
# Longest side in pixels, and minimum score. The detector's window has 80 pixels, so that it finds faces from an
# eighth, a sixteenth and a twenty-sixth of the picture. The search ends at the first scale with a face, which finds
# the largest one. The minimum score rises with the number of windows, to bound the false detections.
SCALES = ((640, 0.0), (1280, 0.15), (2080, 0.3))
# Small pictures are enlarged at most by this factor: more takes time and adds no detail.
MAX_ENLARGEMENT = 4.0
# The picture is padded by this fraction of its longest side, so that faces at its border are found.
BORDER = 1 / 8
# Degrees by which the picture is rotated where the upright one has no face. There are more false detections then.
ROTATIONS = (-20.0, 20.0, -40.0, 40.0)
ROTATED_THRESHOLD = 0.25
# Detections with less than this fraction of the best score are false ones, such as patterns in a wall or a shirt.
RELATIVE_SCORE = 0.25
# A detection below this score is only used where no other scale or angle has a better one.
CERTAIN_SCORE = 0.5
# A detection's size is accurate to a fifth, a step of the detector's pyramid. It is refined by the median of further
# detections at these widths of the face in pixels, and dropped where fewer than the minimum succeed.
REFINEMENT_WIDTHS = (90, 98, 107, 116, 127)
MIN_REFINEMENTS = 3
# Further detections of the same face differ in size by at most these factors.
SAME_FACE = (0.7, 1.4)

# dlib's detector keeps the image pyramid between calls and must not be used by two threads at once.
_lock = threading.Lock()


@cache
def _dlib_detector() -> Any:
    import dlib

    return dlib.get_frontal_face_detector()


class HogDetector:
    """Finds at most one face, the largest whose score is high enough. A FaceDetector."""

    def detect(self, image: Picture) -> list[FaceBox]:
        """At most one face of uint8 (H, W, 3), RGB."""
        uncertain: list[FaceBox] = []
        for faces in _detections(image):
            best = max((face.score for face in faces), default=0.0)
            likely = [face for face in faces if face.score >= RELATIVE_SCORE * best]
            for face in sorted(likely, key=lambda face: face.height, reverse=True):
                refined = _refined(image, face)
                if refined is None:
                    continue
                if face.score >= CERTAIN_SCORE:
                    return [refined]
                uncertain.append(refined)
        return sorted(uncertain, key=lambda face: face.score)[-1:]


def _detections(image: Picture) -> Iterator[list[FaceBox]]:
    """The detections at one scale after the other, then in the rotated picture."""
    longest = max(image.shape[:2])
    scales: list[float] = []
    for side, threshold in SCALES:
        scale = min(side / longest, MAX_ENLARGEMENT)
        if scale not in scales:
            scales.append(scale)
            yield _detect(image, scale, threshold)
    for angle in ROTATIONS:
        yield _detect_rotated(image, scales[0], angle)


def _detect(image: Picture, scale: float, threshold: float = 0.0) -> list[FaceBox]:
    """The detections at one scale, in pixels of ``image``."""
    small = scaled(image, scale)
    border = round(BORDER * max(small.shape[:2]))
    padded = np.pad(small, ((border, border), (border, border), (0, 0)), mode="edge")
    with _lock:
        boxes, scores, detectors = _dlib_detector().run(padded, 0, threshold)
    faces = []
    for box, score, detector in zip(boxes, scores, detectors, strict=True):
        x = ((box.left() + box.right() + 1) / 2 - border) / scale
        y = ((box.top() + box.bottom() + 1) / 2 - border) / scale
        side = (box.width() + box.height()) / 2 / scale
        faces.append(FRAMING[detector].face(x, y, side, score=float(score), detector="hog"))
    # Detections centred on the padding are dropped.
    height, width = image.shape[:2]
    return [face for face in faces if 0 <= face.centre_x < width and 0 <= face.centre_y < height]


def _detect_rotated(image: Picture, scale: float, angle: float) -> list[FaceBox]:
    """The detections in the picture rotated counter-clockwise by ``angle`` degrees, in pixels of ``image``."""
    small = Image.fromarray(scaled(image, scale))
    rotated = small.rotate(angle, Image.Resampling.BILINEAR, expand=True)
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    faces = []
    for face in _detect(np.array(rotated, dtype=np.uint8), 1.0, ROTATED_THRESHOLD):
        right, down = face.centre_x - rotated.width / 2, face.centre_y - rotated.height / 2
        faces.append(
            replace(
                face,
                centre_x=(right * cosine - down * sine + small.width / 2) / scale,
                centre_y=(right * sine + down * cosine + small.height / 2) / scale,
                height=face.height / scale,
                angle=angle,
            )
        )
    return faces


def _refined(image: Picture, face: FaceBox) -> FaceBox | None:
    """The median of further detections of ``face`` at several scales; None where too few succeed."""
    reach = face.height  # the patch is a square of twice the face's height
    left, top = max(0, round(face.centre_x - reach)), max(0, round(face.centre_y - reach))
    right, bottom = round(face.centre_x + reach), round(face.centre_y + reach)
    patch = image[top:bottom, left:right]
    detections = []
    for width in REFINEMENT_WIDTHS:
        scale = width * FRAMING[0].height / face.height
        found = _detect_rotated(patch, scale, face.angle) if face.angle else _detect(patch, scale)
        same = [other for other in found if SAME_FACE[0] < other.height / face.height < SAME_FACE[1]]
        if same:
            detections.append(max(same, key=lambda other: other.score))
    if len(detections) < MIN_REFINEMENTS:
        return None
    return replace(
        face,
        centre_x=left + float(np.median([other.centre_x for other in detections])),
        centre_y=top + float(np.median([other.centre_y for other in detections])),
        height=float(np.median([other.height for other in detections])),
    )
