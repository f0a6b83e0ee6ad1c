"""What is kept of an uploaded photo: a clean copy, its faces, the chosen one, and the cropped still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from portrait.engine.errors import ChoiceError
from portrait.engine.photo.choice import BAD_FACE, LARGEST, FaceChoice, box_of, face_in_box, framed_photo
from portrait.engine.photo.crop import FaceBox, crop_face, crop_side
from portrait.engine.photo.decoding import read_photo
from portrait.engine.photo.face_detection import face_detector
from portrait.engine.photo.hints import crop_hints
from portrait.engine.photo.picture import Picture, centre_square, clean_jpeg, stored_size

# Sharp on the student card of a dense display.
STILL_SIDE = 512
# More faces than a student would look through.
MOST_FACES = 24

Box = tuple[float, float, float]


@dataclass(frozen=True)
class PhotoFacts:
    """What is known of a stored photo, as the job's ``facts`` column keeps it.

    ``faces``: left, top and side of the square from hairline to chin in pixels of the stored photo, largest first.
    ``chosen``: the one that is painted, or the box that was chosen instead; None where there is no face. ``turned``:
    degrees by which the upload was turned clockwise to make its largest face upright. ``hints``: codes
    (``engine.photo.hints``) about the chosen face.
    """

    width: int
    height: int
    turned: int
    faces: tuple[Box, ...]
    chosen: Box | None
    hints: tuple[str, ...]

    @property
    def source_size(self) -> int | None:
        """The side of the crop in pixels of the stored photo; a larger portrait is enlarged from it."""
        if self.chosen is None:
            return None
        x, y, side = self.chosen
        return crop_side(FaceBox(x + side / 2, y + side / 2, side, 1.0, "mesh"), self.width, self.height)

    def to_json(self) -> dict[str, Any]:
        """The job's ``facts`` column."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any] | None) -> PhotoFacts | None:
        """The inverse of :meth:`to_json`; None for a job from before there were facts."""
        if not value:
            return None
        return cls(
            value["width"],
            value["height"],
            value["turned"],
            tuple(_box(numbers) for numbers in value["faces"]),
            _box(value["chosen"]) if value["chosen"] else None,
            tuple(value["hints"]),
        )


@dataclass(frozen=True)
class PreparedPhoto:
    """The stored photo (JPEG), the chosen face in pixels of it (None: none was found), the still (JPEG, square)."""

    photo: bytes
    face: FaceBox | None
    still: bytes
    facts: PhotoFacts | None  # None for a photo that was stored before there were facts


def prepare_photo(data: bytes, choice: FaceChoice = LARGEST) -> PreparedPhoto:
    """Decode an upload once, find its faces once, and turn it upright; the worker is told where the face is.

    Without a face the still is the middle of the photo, and the attempt fails with ``no_face``, unless a detector
    with weights of its own, which the web process does not load, finds one.

    Raises PhotoError, and ChoiceError ``bad_face`` or ``bad_box``.
    """
    photo, face = framed_photo(stored_size(read_photo(data)), face_detector(None), choice)
    height, width = photo.picture.shape[:2]
    still = _still(photo.picture, face)
    facts = PhotoFacts(
        width=width,
        height=height,
        turned=photo.turned,
        faces=tuple(_box(box_of(found)) for found in photo.faces[:MOST_FACES]),
        chosen=_box(box_of(face)) if face else None,
        hints=crop_hints(still, face) if face else (),
    )
    return PreparedPhoto(clean_jpeg(photo.picture), face, clean_jpeg(still), facts)


def choose_again(photo: bytes, facts: PhotoFacts | None, choice: FaceChoice) -> PreparedPhoto:
    """Another face of a photo that was stored before; its faces are not searched again.

    Raises PhotoError, and ChoiceError ``bad_face`` or ``bad_box``.
    """
    if facts is None:
        return prepare_photo(photo, choice)
    picture = read_photo(photo)
    if choice.box is not None:
        face = face_in_box(choice.box, facts.width, facts.height)
    else:
        index = choice.face or 0
        if index >= len(facts.faces):
            raise ChoiceError(f"there is no face {index}: {len(facts.faces)} were found", code=BAD_FACE)
        x, y, side = facts.faces[index]
        face = FaceBox(x + side / 2, y + side / 2, side, 1.0, "mesh")
    still = _still(picture, face)
    changed = replace(facts, chosen=_box(box_of(face)), hints=crop_hints(still, face))
    return PreparedPhoto(photo, face, clean_jpeg(still), changed)


def face_to_json(face: FaceBox | None) -> dict[str, Any]:
    """The job's ``face`` column; ``{}`` where none was found."""
    return {} if face is None else asdict(face)


def face_from_json(value: dict[str, Any] | None) -> FaceBox | None:
    """The inverse of :func:`face_to_json`."""
    return FaceBox(**value) if value else None


def _still(picture: Picture, face: FaceBox | None) -> Picture:
    return centre_square(picture, STILL_SIDE) if face is None else crop_face(picture, face, STILL_SIDE)


def _box(numbers: Sequence[float]) -> Box:
    x, y, side = (round(float(number), 1) for number in numbers)
    return x, y, side
