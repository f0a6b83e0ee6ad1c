"""Face detection: the interface of a detector, and the choice of one.

Two detectors implement it: S3FD (Zhang et al., ICCV 2017), where its weights are on disk, and BlazeFace with the face
mesh, whose small networks ship and need no torch. Both measure the face from hairline to chin, so that the crop does
not depend on the detector.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from portrait.engine.errors import NoFaceError
from portrait.engine.photo.crop import FaceBox
from portrait.engine.photo.mesh_detector import MeshDetector
from portrait.engine.photo.picture import Picture

# The folder of S3FD weights, below the folder of checkpoints.
S3FD_FOLDER = "face"


class FaceDetector(Protocol):
    """Detects faces."""

    certain: float  # the score from which a face is one for sure, and upright if its angle says so

    def detect(self, image: Picture, *, small: bool = True) -> list[FaceBox]:
        """The faces in uint8 (H, W, 3), RGB, in no particular order; without ``small`` a quicker search."""


def find_face(image: Picture, *, checkpoints: Path | None = None, device: str = "cpu") -> FaceBox:
    """The largest face in uint8 (H, W, 3), RGB.

    Uses S3FD where ``checkpoints/face`` has its weights (a ``.pth`` file), the shipped networks otherwise. Those
    find frontal and turned faces, rotated in the image plane by up to about 60 degrees.

    Raises NoFaceError where there is none, CheckpointError where the weights exist but cannot be used.
    """
    faces = face_detector(checkpoints, device).detect(image)
    face = max(faces, key=lambda face: face.height, default=None)
    if face is None:
        raise NoFaceError("No face was found in the picture. It should look into the camera.")
    return face


def face_detector(checkpoints: Path | None, device: str = "cpu") -> FaceDetector:
    """The best detector whose weights are available. Raises CheckpointError."""
    weights = s3fd_weights(checkpoints) if checkpoints is not None else None
    if weights is None:
        return MeshDetector()
    from portrait.engine.photo.s3fd_detector import load_s3fd  # imports torch

    return load_s3fd(weights, device)


def s3fd_weights(checkpoints: Path) -> Path | None:
    """The S3FD weights below a folder of checkpoints, or None."""
    return min((checkpoints / S3FD_FOLDER).glob("*.pth"), default=None)
