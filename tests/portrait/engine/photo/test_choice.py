"""A face is chosen by its number or by a box, in pixels or fractions; what makes no sense is refused with a code."""

from __future__ import annotations

import numpy as np
import pytest

from portrait.engine.errors import ChoiceError, NoFaceError
from portrait.engine.photo.choice import (
    BAD_BOX,
    BAD_FACE,
    FaceChoice,
    box_of,
    chosen_face,
    face_in_box,
    framed_photo,
    require_face,
)
from portrait.engine.photo.crop import FaceBox
from portrait.engine.photo.mesh_detector import MeshDetector
from portrait.engine.photo.upright import UprightPhoto
from tests.portrait.pictures import astronaut

LARGE, SMALL = FaceBox(60, 50, 40, 9.0, "mesh"), FaceBox(150, 50, 20, 9.0, "mesh")
PHOTO = UprightPhoto(np.zeros((100, 200, 3), np.uint8), (LARGE, SMALL))


def code_of(face: str = "", box: str = "") -> str:
    with pytest.raises(ChoiceError) as caught:
        chosen_face(PHOTO, FaceChoice.from_text(face, box))
    return caught.value.code


@pytest.mark.parametrize(("face", "expected"), [("", LARGE), ("0", LARGE), ("1", SMALL)])
def test_faces_are_counted_from_the_largest(face: str, expected: FaceBox) -> None:
    assert chosen_face(PHOTO, FaceChoice.from_text(face, "")) is expected


def test_without_a_face_and_a_choice_there_is_none() -> None:
    empty = UprightPhoto(PHOTO.picture, ())
    assert chosen_face(empty, FaceChoice()) is None
    with pytest.raises(NoFaceError):
        require_face(None)


@pytest.mark.parametrize("face", ["2", "-1", "1.0", "one", "١", "1234"])
def test_a_number_that_no_face_has_is_refused(face: str) -> None:
    assert code_of(face=face) == BAD_FACE


@pytest.mark.parametrize("box", ["40,30,40", " 40.0 , 30, 40.00", "0.2,0.3,0.2"])
def test_a_box_is_in_pixels_or_in_fractions(box: str) -> None:
    face = chosen_face(PHOTO, FaceChoice.from_text("", box))
    assert face is not None
    assert (face.centre_x, face.centre_y, face.height) == (60, 50, 40)
    assert face.detector == "hand"


@pytest.mark.parametrize(
    "box",
    [
        "1,2",
        "1,2,3,4",
        "a,b,c",
        "nan,1,40",
        "1e2,1,40",
        "40,30,0",
        "40,30,8",
        "0,0,0.01",
        "300,0,40",
        "0,0,500",
    ],
)
def test_a_box_that_is_none_or_lies_outside_is_refused(box: str) -> None:
    assert code_of(box=box) == BAD_BOX


def test_a_face_and_a_box_together_are_refused() -> None:
    assert code_of(face="1", box="40,30,40") == BAD_BOX


def test_the_box_of_a_face_at_the_border_leads_back_to_it() -> None:
    face = FaceBox(10, 50, 60, 1.0, "hand")
    assert face_in_box(box_of(face), 200, 100) == face


def test_with_a_box_the_photo_is_not_turned() -> None:
    lying = np.ascontiguousarray(np.rot90(astronaut()))
    photo, face = framed_photo(lying, MeshDetector(), FaceChoice(box=(0.2, 0.4, 0.3)))
    assert photo.turned == 0
    assert face is not None and face.detector == "hand"
