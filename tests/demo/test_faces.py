"""The faces of the demo school: several, all found, each named with its painter and year."""

from __future__ import annotations

import pytest

from demo.faces import FOLDER, PAINTINGS, Painting, all_faces
from portrait.engine.photo.decoding import read_photo
from portrait.engine.photo.face_detection import find_face


def test_there_are_eight_or_more_and_every_file_is_named() -> None:
    assert len(all_faces()) >= 8
    assert {painting.file for painting in PAINTINGS} == {path.name for path in FOLDER.glob("*.jpg")}
    assert all(painting.title and painting.painter and painting.year for painting in PAINTINGS)


@pytest.mark.parametrize("painting", PAINTINGS, ids=lambda painting: painting.title)
def test_a_face_is_found_in_each_and_is_large_enough(painting: Painting) -> None:
    assert find_face(read_photo(painting.read())).height > 256
