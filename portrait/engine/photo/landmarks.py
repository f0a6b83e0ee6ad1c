"""The landmarks of the face in a portrait's crop: where eyes and mouth are, and how the head is turned.

The points are those of MediaPipe's face mesh (Kartynnik et al., "Real-time Facial Surface Geometry from Monocular
Video on Mobile GPUs", 2019). This module owns which of them mean what.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portrait.engine.photo.crop import FACE_CENTRE_IN_FRAME, FACE_HEIGHT_IN_FRAME
from portrait.engine.photo.face_networks import Detection, detect, face_mesh
from portrait.engine.photo.picture import Picture

Points = NDArray[np.float64]

# Contours, point after point, beginning at the corner on the picture's left (of a face that looks into the camera).
RIGHT_EYE = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246]
# Beginning at the outer corner, in the order of the right eye's points.
LEFT_EYE = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466]
EYE_RINGS = (RIGHT_EYE, LEFT_EYE)
INNER_LIPS = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191]
OUTER_LIPS = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185]
# The middle of the forehead at the hairline, and the chin.
HAIRLINE, CHIN = 10, 152
# The face's border, from the hairline to the picture's right and round.
FACE_BORDER = [
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
]
# The face's border at the height of the ears.
RIGHT_SIDE, LEFT_SIDE = 234, 454

_THRESHOLD = 0.3
# BlazeFace's box is this fraction of the face from hairline to chin, and its centre this fraction of it lower:
# medians of 168 portraits.
_BOX, _BOX_DOWN = 0.95, 0.03


@dataclass(frozen=True)
class FaceLandmarks:
    """``points``: float (468, 2), (x, y) as fractions of the crop's width and height, 0..1 inside it.

    ``depth``: float (468,), how far a point lies behind the face's middle, as a fraction of the crop's width.
    ``flag``: how sure the network is, a logit of at least 0.
    """

    points: Points
    depth: NDArray[np.float64]
    flag: float

    @property
    def border(self) -> Points:
        """The face's border, a polygon of float (36, 2)."""
        return self.points[FACE_BORDER]

    @property
    def eyes(self) -> tuple[Points, Points]:
        """The lids' contours, two polygons of float (16, 2): first the person's right eye, on the picture's left."""
        return self.points[RIGHT_EYE], self.points[LEFT_EYE]

    @property
    def mouth(self) -> Points:
        """The lips' outer contour, a polygon of float (20, 2)."""
        return self.points[OUTER_LIPS]

    @property
    def inner_mouth(self) -> Points:
        """The lips' inner contour, a polygon of float (20, 2); without area where the mouth is closed."""
        return self.points[INNER_LIPS]

    @property
    def lean(self) -> float:
        """Degrees by which the head leans, clockwise as seen."""
        return lean(self.points)

    @property
    def turn(self) -> float:
        """Degrees by which the head is turned to the side: 0 looks into the camera, 90 is a profile, either sign."""
        across = np.linalg.norm(self.points[LEFT_SIDE] - self.points[RIGHT_SIDE])
        return math.degrees(math.atan2(self.depth[LEFT_SIDE] - self.depth[RIGHT_SIDE], across))


def lean(points: Points) -> float:
    """Degrees by which the line through the eyes of a mesh, float (468, 2), leans, clockwise as seen; -180 to 180."""
    right, left = (points[ring].mean(axis=0) for ring in EYE_RINGS)
    across, down = left - right
    return math.degrees(math.atan2(down, across))


def face_landmarks(crop: Picture) -> FaceLandmarks | None:
    """The landmarks of the face that a crop was made around: uint8 (S, S, 3), RGB, of any side.

    None where the mesh network sees no face there. Raises CheckpointError.
    """
    height, width = crop.shape[:2]
    middle = np.array([FACE_CENTRE_IN_FRAME[0] * width, FACE_CENTRE_IN_FRAME[1] * height])

    def off_centre(face: Detection) -> float:
        return math.hypot(face.centre_x - middle[0], face.centre_y - middle[1])

    found = detect(crop, threshold=_THRESHOLD)
    nearest = min(found, key=off_centre, default=None)
    if nearest is None or off_centre(nearest) > 0.2 * width:
        nearest = _framed(width, height)
    mesh = face_mesh(crop, nearest)
    if mesh.flag < 0:
        return None
    return FaceLandmarks(mesh.points / (width, height), mesh.depth / width, mesh.flag)


def _framed(width: int, height: int) -> Detection:
    """What the detector would say of a face that has the crop's framing."""
    across, down = FACE_CENTRE_IN_FRAME[0] * width, FACE_CENTRE_IN_FRAME[1] * height
    side = _BOX * FACE_HEIGHT_IN_FRAME * height
    level = down - 0.2 * side
    eyes = np.array([[across - 0.2 * side, level], [across + 0.2 * side, level]])
    return Detection(across, down + _BOX_DOWN * FACE_HEIGHT_IN_FRAME * height, side, side, eyes, 0.0)
