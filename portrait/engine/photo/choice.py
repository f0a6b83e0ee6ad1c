"""Which face of a photo becomes the portrait: the largest, another one, or the one in a box that a person drew."""

from __future__ import annotations

import re
from dataclasses import dataclass

from portrait.engine.errors import ChoiceError, NoFaceError
from portrait.engine.photo.crop import FaceBox
from portrait.engine.photo.face_detection import FaceDetector
from portrait.engine.photo.picture import Picture
from portrait.engine.photo.upright import UprightPhoto, upright_photo

BAD_FACE, BAD_BOX = "bad_face", "bad_box"
# A box has at least this many pixels a side: below it there is nothing to paint.
MIN_BOX = 16

_INDEX = re.compile(r"[0-9]{1,3}")
_NUMBER = r"(-?[0-9]{1,5}(?:\.[0-9]{1,10})?)"
_BOX = re.compile(rf"\s*{_NUMBER}\s*,\s*{_NUMBER}\s*,\s*{_NUMBER}\s*")


@dataclass(frozen=True)
class FaceChoice:
    """``face`` counts from the largest, 0. ``box`` is left, top and side of the square from hairline to chin.

    The box is in pixels of the photo as it is stored (``PhotoFacts``), or, where no number exceeds 1, in fractions:
    left and side of the photo's width, top of its height. Without either the largest face is meant.
    """

    face: int | None = None
    box: tuple[float, float, float] | None = None

    @classmethod
    def from_text(cls, face: str, box: str) -> FaceChoice:
        """The choice of a form: ``2`` and ``310,122.5,96``; an empty text is no choice.

        Raises ChoiceError: ``bad_face`` or ``bad_box``; the latter also where both are chosen.
        """
        if face and box:
            raise ChoiceError("choose a face or a box, not both", code=BAD_BOX)
        if face and not _INDEX.fullmatch(face):
            raise ChoiceError(
                f"the face is a whole number, 0 for the largest, not {face[:40]!r}", code=BAD_FACE
            )
        match = _BOX.fullmatch(box)
        if box and match is None:
            raise ChoiceError(f"the box is three numbers, x,y,side, not {box[:40]!r}", code=BAD_BOX)
        x, y, side = map(float, match.groups()) if match else (0.0, 0.0, 0.0)
        return cls(int(face) if face else None, (x, y, side) if match else None)

    def __bool__(self) -> bool:
        return self.face is not None or self.box is not None


LARGEST = FaceChoice()


def chosen_face(photo: UprightPhoto, choice: FaceChoice) -> FaceBox | None:
    """The chosen face in pixels of ``photo``; None where it has no face and none was chosen.

    Raises ChoiceError: ``bad_face`` for a number that no face has, ``bad_box`` for a box outside the photo.
    """
    if choice.box is not None:
        height, width = photo.picture.shape[:2]
        return face_in_box(choice.box, width, height)
    index = choice.face or 0
    if index < len(photo.faces):
        return photo.faces[index]
    if choice.face is None:
        return None
    raise ChoiceError(f"there is no face {index}: {len(photo.faces)} were found", code=BAD_FACE)


def face_in_box(box: tuple[float, float, float], width: int, height: int) -> FaceBox:
    """The face that fills a box (see FaceChoice) of a photo. Raises ChoiceError ``bad_box``."""
    x, y, side = box
    if max(box) <= 1:
        x, y, side = x * width, y * height, side * width
    centre_x, centre_y = x + side / 2, y + side / 2
    inside = 0 <= centre_x <= width and 0 <= centre_y <= height
    if not inside or not MIN_BOX <= side <= max(width, height):
        raise ChoiceError(
            f"the box must lie in the photo of {width} x {height} pixels and have {MIN_BOX} a side",
            code=BAD_BOX,
        )
    return FaceBox(centre_x, centre_y, side, 1.0, "hand")


def box_of(face: FaceBox) -> tuple[float, float, float]:
    """Left, top and side of the square from hairline to chin: the inverse of :func:`face_in_box`."""
    half = face.height / 2
    return face.centre_x - half, face.centre_y - half, face.height


def framed_photo(
    picture: Picture, detector: FaceDetector, choice: FaceChoice
) -> tuple[UprightPhoto, FaceBox | None]:
    """The faces of a photo, uint8 (H, W, 3), RGB, and the chosen one among them; None where there is none.

    The photo is turned so that its largest face is upright, except with a box, which says where the face is in the
    photo as it came. Raises ChoiceError as :func:`chosen_face`, and CheckpointError.
    """
    if choice.box is None:
        photo = upright_photo(picture, detector)
    else:
        faces = sorted(detector.detect(picture), key=lambda face: -face.height)
        photo = UprightPhoto(picture, tuple(faces))
    return photo, chosen_face(photo, choice)


def require_face(face: FaceBox | None) -> FaceBox:
    """``face``. Raises NoFaceError where there is none."""
    if face is None:
        raise NoFaceError("No face was found in the picture. It should look into the camera.")
    return face
