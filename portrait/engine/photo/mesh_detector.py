"""The face detector that ships: BlazeFace finds a face, the face mesh confirms and measures it."""

from __future__ import annotations

import numpy as np

from portrait.engine.photo.crop import FaceBox
from portrait.engine.photo.face_networks import Detection, Mesh, detect, face_mesh, without_repeats
from portrait.engine.photo.landmarks import CHIN, HAIRLINE, lean
from portrait.engine.photo.picture import Picture

# BlazeFace's own default. Below it, textures and animals pass.
_THRESHOLD = 0.5
# The mesh's flag from which something is a face; in tiles, which are many, more is asked for.
_FLAG, _SMALL_FLAG = 0.0, 3.0
# A face fills at least about a tenth of what BlazeFace sees, so smaller ones are searched in square tiles, each
# overlapping the next by a third. In a picture with a face larger than this fraction of its shorter side no other
# face matters.
_LARGE = 1 / 4
# A face that fills the picture is found only with something around it.
_BORDER = 1 / 2
# From the mesh's extent to the face that the crop frames: 168 portraits, median against the detector that measured
# the training clips (fifth to 95th percentile of the height .95 to 1.10, of the place .05 of the height).
_DOWN = 0.014


class MeshDetector:
    """Finds frontal faces, faces turned by up to about 60 degrees, and leaning ones; needs no torch.

    A face's score is the flag of its mesh.
    """

    certain = 20.0

    def detect(self, image: Picture, *, small: bool = True) -> list[FaceBox]:
        """The faces in uint8 (H, W, 3), RGB, in no particular order.

        Smaller ones are searched only where no face fills a good part of the picture, the smallest only with
        ``small`` and where no other is.
        """
        large = _LARGE * min(image.shape[:2])
        found = _whole(image)
        faces = _measured(image, found, _FLAG)
        if not faces:
            found = _with_border(image)
            faces = _measured(image, found, _FLAG)
        if all(face.height <= large for face in faces):
            found = without_repeats([*found, *_in_tiles(image, 1 / 2)])
            faces = _measured(image, found, _SMALL_FLAG) or faces
        if small and not faces:
            faces = _measured(image, without_repeats(_in_tiles(image, 1 / 4)), _SMALL_FLAG)
        return faces


def _whole(image: Picture) -> list[Detection]:
    return detect(image, threshold=_THRESHOLD)


def _with_border(image: Picture) -> list[Detection]:
    border = round(_BORDER * max(image.shape[:2]))
    larger = np.pad(image, ((border, border), (border, border), (0, 0)), mode="edge")
    found = detect(larger, threshold=_THRESHOLD)
    return [_moved(face, -border, -border) for face in found]


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


def _measured(image: Picture, found: list[Detection], least: float) -> list[FaceBox]:
    """The faces from hairline to chin by their meshes, without those that the mesh network does not confirm."""
    meshes = [face_mesh(image, detection) for detection in found]
    return [_face(mesh) for mesh in meshes if mesh.flag >= least]


def _face(mesh: Mesh) -> FaceBox:
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    height = float(np.linalg.norm(mesh.points[HAIRLINE] - mesh.points[CHIN]))
    centre = (low + high) / 2
    return FaceBox(
        centre_x=float(centre[0]),
        centre_y=float(centre[1]) + _DOWN * height,
        height=height,
        score=mesh.flag,
        detector="mesh",
        angle=lean(mesh.points),
    )
