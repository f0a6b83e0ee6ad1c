"""The face detector that ships: BlazeFace finds a face, the face mesh confirms and measures it."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from portrait.engine.photo.crop import FaceBox
from portrait.engine.photo.face_networks import CHIN, HAIRLINE, Detection, detect, face_mesh
from portrait.engine.photo.picture import Picture

# BlazeFace's own default. Below it, textures and animals pass.
_THRESHOLD = 0.5
# The mesh network's probability that the cut-out is a face.
_PRESENCE = 0.5
# A face fills at least about a tenth of what BlazeFace sees, so smaller ones are searched in square tiles of these
# fractions of the longer side, each tile overlapping the next by a third.
_TILES = (1 / 2, 1 / 4)
# A face that fills the picture is found only with something around it.
_BORDER = 1 / 2
# From the mesh's extent to the face that the crop frames: 168 portraits, median against the detector that measured
# the training clips (fifth to 95th percentile of the height .95 to 1.10, of the place .05 of the height).
_DOWN = 0.014


class MeshDetector:
    """Finds frontal faces and faces turned or leaning by up to about 60 degrees; needs no torch."""

    def detect(self, image: Picture) -> list[FaceBox]:
        """The faces in uint8 (H, W, 3), RGB, in no particular order; small ones only where no larger one is."""
        for found in self._tries(image):
            faces = [face for detection in found if (face := _measured(image, detection)) is not None]
            if faces:
                return faces
        return []

    def _tries(self, image: Picture) -> Iterator[list[Detection]]:
        yield detect(image, threshold=_THRESHOLD)
        height, width = image.shape[:2]
        border = round(_BORDER * max(height, width))
        larger = cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_REPLICATE)
        yield [
            _moved(face, -border, -border)
            for face in detect(np.asarray(larger, np.uint8), threshold=_THRESHOLD)
        ]
        for fraction in _TILES:
            yield _in_tiles(image, fraction)


def _in_tiles(image: Picture, fraction: float) -> list[Detection]:
    """The faces found in square tiles whose side is a fraction of the picture's longer side."""
    height, width = image.shape[:2]
    side = max(1, round(fraction * max(height, width)))
    found: list[Detection] = []
    for top in _starts(height, side):
        for left in _starts(width, side):
            tile = np.ascontiguousarray(image[top : top + side, left : left + side])
            found += [_moved(face, left, top) for face in detect(tile, threshold=_THRESHOLD)]
    return found


def _starts(size: int, side: int) -> list[int]:
    """Where the tiles begin along one axis, so that neighbours overlap by at least a third."""
    if size <= side:
        return [0]
    count = int(np.ceil((size - side) / (side * 2 / 3))) + 1
    return [round(start) for start in np.linspace(0, size - side, count)]


def _moved(face: Detection, right: float, down: float) -> Detection:
    return Detection(
        face.centre_x + right,
        face.centre_y + down,
        face.width,
        face.height,
        face.eyes + np.array([right, down]),
        face.score,
    )


def _measured(image: Picture, detection: Detection) -> FaceBox | None:
    """The face from hairline to chin by its mesh; None where the mesh network sees no face."""
    mesh = face_mesh(image, detection)
    if mesh.presence < _PRESENCE:
        return None
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    height = float(np.linalg.norm(mesh.points[HAIRLINE] - mesh.points[CHIN]))
    centre = (low + high) / 2
    return FaceBox(
        centre_x=float(centre[0]),
        centre_y=float(centre[1]) + _DOWN * height,
        height=height,
        score=detection.score,
        detector="mesh",
    )
