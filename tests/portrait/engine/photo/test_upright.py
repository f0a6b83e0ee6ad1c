"""A photo that lies on its side or upside down is turned; one that stands is left as it is."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data

from portrait.engine.photo.crop import crop_face
from portrait.engine.photo.mesh_detector import MeshDetector
from portrait.engine.photo.upright import upright_photo
from tests.portrait.engine.photo.test_face_detection import FACE_HEIGHT, FACE_X, FACE_Y, assert_face, rotated
from tests.portrait.pictures import astronaut, resized


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_photo_is_turned_until_its_face_is_upright(turned: int) -> None:
    lying = np.ascontiguousarray(np.rot90(astronaut(), turned // 90))
    photo = upright_photo(lying, MeshDetector())
    assert photo.turned == turned
    assert (photo.picture == astronaut()).all()
    assert_face(photo.faces[0], FACE_X, FACE_Y, FACE_HEIGHT)


@pytest.mark.parametrize("degrees", [-40, -25, 25, 40])
def test_a_head_that_leans_is_not_turned(degrees: float) -> None:
    picture, x, y = rotated(degrees)
    photo = upright_photo(picture, MeshDetector())
    assert photo.turned == 0
    assert photo.faces[0].angle == pytest.approx(3 - degrees, abs=8)
    assert_face(photo.faces[0], x, y, FACE_HEIGHT)


@pytest.mark.parametrize("name", ["coffee", "rocket", "brick"])
def test_a_photo_without_a_face_stays_as_it_is(name: str) -> None:
    picture = np.asarray(Image.fromarray(getattr(data, name)()).convert("RGB"))
    photo = upright_photo(picture, MeshDetector())
    assert (photo.faces, photo.turned) == ((), 0)
    assert photo.picture is picture


def test_the_faces_of_a_group_are_each_listed_once_largest_first() -> None:
    group = np.full((600, 1600, 3), 120, np.uint8)
    for index, side in enumerate((200, 280, 240)):
        face = crop_face(astronaut(), MeshDetector().detect(astronaut())[0], side)
        group[100 : 100 + side, 100 + 500 * index : 100 + 500 * index + side] = face
    photo = upright_photo(group, MeshDetector())
    assert [round(face.centre_x / 500 - 0.5) for face in photo.faces] == [1, 2, 0]


def test_a_face_as_large_as_the_picture_is_found() -> None:
    assert upright_photo(resized(astronaut()[60:210, 140:300], 320, 300), MeshDetector()).faces
