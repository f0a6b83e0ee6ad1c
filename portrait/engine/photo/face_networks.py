"""Two small networks that see faces: BlazeFace (short range) and the face mesh, run without torch and OpenCV.

BlazeFace: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019.
Face mesh: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019.
Weights: the MediaPipe project's, Apache-2.0 (``checkpoints/face/README.md``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from portrait.engine.photo.picture import Picture, by_area, halved, larger
from portrait.engine.photo.tflite_network import network
from portrait.engine.photo.warping import warped

# The networks ship with the code, whichever folder of checkpoints is used for the others.
FACE_WEIGHTS = Path(__file__).parents[3] / "checkpoints" / "face"
DETECTOR_FILE = "face_detection_short_range.tflite"
MESH_FILE = "face_landmark.tflite"
MESH_POINTS = 468

_DETECTOR_SIDE, _MESH_SIDE = 128, 192
# Cells a side, and anchors a cell, of the detector's two feature maps.
_ANCHOR_MAPS = ((16, 2), (8, 6))
# The mesh network was trained on squares of this many times the detected box.
_MESH_MARGIN = 1.5


@dataclass(frozen=True)
class Detection:
    """A face as BlazeFace sees it, in pixels of the picture: box, eyes and the score of 0 to 1.

    ``eyes``: float (2, 2), (x, y) of the eye on the picture's left and of the one on its right.
    """

    centre_x: float
    centre_y: float
    width: float
    height: float
    eyes: NDArray[np.float64]
    score: float

    @property
    def lean(self) -> float:
        """The angle of the line through the eyes in radians, clockwise as seen."""
        right, down = self.eyes[1] - self.eyes[0]
        return math.atan2(down, right)


@dataclass(frozen=True)
class Mesh:
    """A face's mesh, in pixels of the picture.

    ``points``: float (468, 2), (x, y). ``depth``: float (468,), how far behind the face's middle a point is, in the
    same unit. ``flag``: the network's logit of the probability that it is an upright face, after the face was turned
    so that its eyes are level. Of 169 portraits it is above 17 for 98 %, of the same upside down below 11 for 95 %.
    """

    points: NDArray[np.float64]
    depth: NDArray[np.float64]
    flag: float


def detect(image: Picture, *, threshold: float, overlap: float = 0.3) -> list[Detection]:
    """Faces in uint8 (H, W, 3), RGB, from about a tenth of the picture's longer side on; best score first.

    Of boxes whose intersection over union exceeds ``overlap`` the one with the best score stays.
    Raises CheckpointError.
    """
    height, width = image.shape[:2]
    scale = _DETECTOR_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    square = np.zeros((_DETECTOR_SIDE, _DETECTOR_SIDE, 3), np.uint8)
    left, top = (_DETECTOR_SIDE - size[0]) // 2, (_DETECTOR_SIDE - size[1]) // 2
    smaller, _scale = halved(image, scale)
    fitted = by_area(smaller, size) if scale < 1 else larger(smaller, size)
    square[top : top + size[1], left : left + size[0]] = fitted
    outputs = network(FACE_WEIGHTS / DETECTOR_FILE)((square[None].astype(np.float32) - 127.5) / 127.5)
    logits, boxes = outputs["classificators"], outputs["regressors"]
    scores = 1 / (1 + np.exp(-np.clip(logits.reshape(-1).astype(np.float64), -60, 60)))
    found: list[Detection] = []
    for index in np.argsort(-scores):
        if scores[index] < threshold:
            break
        # Offsets from the anchor in pixels of the square: the centre, then width and height, then six points.
        numbers = boxes.reshape(len(scores), 16)[index].astype(np.float64)
        anchor = _anchors()[index] * _DETECTOR_SIDE
        centre = (anchor + numbers[:2] - (left, top)) / scale
        eyes = (anchor + numbers[4:8].reshape(2, 2) - (left, top)) / scale
        wide, high = numbers[2:4] / scale
        found.append(
            Detection(
                float(centre[0]), float(centre[1]), float(wide), float(high), eyes, float(scores[index])
            )
        )
    return without_repeats(found, overlap)


def without_repeats(found: Iterable[Detection], overlap: float = 0.3) -> list[Detection]:
    """Of detections whose intersection over union exceeds ``overlap`` the one with the best score; best first."""
    kept: list[Detection] = []
    for candidate in sorted(found, key=lambda detection: -detection.score):
        if all(_overlap(candidate, other) <= overlap for other in kept):
            kept.append(candidate)
    return kept


def face_mesh(image: Picture, face: Detection) -> Mesh:
    """The mesh of a detected face of uint8 (H, W, 3), RGB. Raises CheckpointError."""
    side = max(face.width, face.height) * _MESH_MARGIN
    scale = _MESH_SIDE / side
    cosine, sine = scale * math.cos(face.lean), scale * math.sin(face.lean)
    turn = np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0]])
    turn[:, 2] = _MESH_SIDE / 2 - turn[:, :2] @ (face.centre_x, face.centre_y)
    # Warping does not filter: reduce first.
    smaller, reduction = halved(image, scale)
    reduced = turn.copy()
    reduced[:, :2] /= reduction
    square = warped(smaller, reduced, _MESH_SIDE)
    outputs = network(FACE_WEIGHTS / MESH_FILE)(square[None].astype(np.float32) / np.float32(255))
    (points,) = (out.reshape(MESH_POINTS, 3) for out in outputs.values() if out.size == 3 * MESH_POINTS)
    (logit,) = (float(out.reshape(-1)[0]) for out in outputs.values() if out.size == 1)
    flat = (points[:, :2].astype(np.float64) - turn[:, 2]) @ np.linalg.inv(turn[:, :2]).T
    return Mesh(flat, points[:, 2].astype(np.float64) / scale, logit)


@cache
def _anchors() -> NDArray[np.float64]:
    """The cells' centres, (896, 2) in 0..1, each as often as its map has anchors."""
    parts = []
    for cells, count in _ANCHOR_MAPS:
        middle = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
        parts.append(np.repeat(grid, count, axis=0))
    return np.concatenate(parts)


def _overlap(one: Detection, other: Detection) -> float:
    """Intersection over union."""
    across = min(one.centre_x + one.width / 2, other.centre_x + other.width / 2) - max(
        one.centre_x - one.width / 2, other.centre_x - other.width / 2
    )
    down = min(one.centre_y + one.height / 2, other.centre_y + other.height / 2) - max(
        one.centre_y - one.height / 2, other.centre_y - other.height / 2
    )
    common = max(0.0, across) * max(0.0, down)
    return common / (one.width * one.height + other.width * other.height - common)
