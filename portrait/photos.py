"""What is kept of an uploaded photo: a clean copy, where the face is in it, and the cropped still."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from portrait.engine.errors import NoFaceError
from portrait.engine.photo.crop import FaceBox, crop_face
from portrait.engine.photo.decoding import read_photo
from portrait.engine.photo.face_detection import find_face
from portrait.engine.photo.picture import centre_square, clean_jpeg, stored_size

# Sharp on the student card of a dense display.
STILL_SIDE = 512


@dataclass(frozen=True)
class PreparedPhoto:
    """The stored photo (JPEG), its face in pixels of it (None: none was found), and the still (JPEG, square)."""

    photo: bytes
    face: FaceBox | None
    still: bytes


def prepare_photo(data: bytes) -> PreparedPhoto:
    """Decode an upload once and find its largest face once; the worker is told where it is.

    Without a face the still is the middle of the photo, and the attempt fails with ``no_face``, unless a detector
    with weights of its own, which the web process does not load, finds one.

    Raises PhotoError.
    """
    picture = stored_size(read_photo(data))
    try:
        face = find_face(picture)
    except NoFaceError:
        return PreparedPhoto(clean_jpeg(picture), None, clean_jpeg(centre_square(picture, STILL_SIDE)))
    return PreparedPhoto(clean_jpeg(picture), face, clean_jpeg(crop_face(picture, face, STILL_SIDE)))


def face_to_json(face: FaceBox | None) -> dict[str, Any] | None:
    """The job's ``face`` column."""
    return None if face is None else asdict(face)


def face_from_json(value: dict[str, Any] | None) -> FaceBox | None:
    """The inverse of :func:`face_to_json`."""
    return None if value is None else FaceBox(**value)
