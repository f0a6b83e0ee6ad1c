"""The largest face is detected at any size, position and angle; a picture without a face is refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from skimage import data

from portrait.engine.errors import NoFaceError
from portrait.engine.photo.crop import FaceBox, crop_face
from portrait.engine.photo.face_detection import find_face
from portrait.engine.photo.picture import Picture
from tests.paths import ROOT
from tests.portrait.pictures import astronaut, resized

# Measured by hand: the hairline is at 78, the chin at 178, the nose's bridge at 225.
FACE_X, FACE_Y, FACE_HEIGHT = 226, 127, 101


def rotated(degrees: float) -> tuple[Picture, float, float]:
    """The picture rotated counter-clockwise about its centre, and the face's position in it."""
    image = Image.fromarray(astronaut())
    result = image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(128, 128, 128))
    angle = np.radians(degrees)
    right, down = FACE_X - 256, FACE_Y - 256
    x = right * np.cos(angle) + down * np.sin(angle) + result.width / 2
    y = -right * np.sin(angle) + down * np.cos(angle) + result.height / 2
    return np.array(result), float(x), float(y)


def assert_face(face: FaceBox, x: float, y: float, height: float) -> None:
    assert abs(face.centre_x - x) < 0.15 * height
    assert abs(face.centre_y - y) < 0.15 * height
    assert abs(face.height - height) < 0.15 * height


@pytest.mark.parametrize("side", [128, 256, 512, 1500, 3000])
def test_it_finds_the_face_at_any_size(side: int) -> None:
    scale = side / 512
    face = find_face(resized(astronaut(), side, side))
    assert_face(face, FACE_X * scale, FACE_Y * scale, FACE_HEIGHT * scale)


def test_it_finds_a_small_face_in_a_large_picture() -> None:
    picture = np.full((1500, 2000, 3), 90, np.uint8)
    picture[700:1212, 1100:1612] = astronaut()
    assert_face(find_face(picture), 1100 + FACE_X, 700 + FACE_Y, FACE_HEIGHT)


@pytest.mark.parametrize(
    ("top", "left", "bottom", "right"),
    [(62, 0, 512, 512), (0, 165, 512, 512), (0, 0, 512, 288), (60, 140, 210, 300)],
    ids=["top", "left", "right", "all round"],
)
def test_it_finds_a_face_at_the_border(top: int, left: int, bottom: int, right: int) -> None:
    picture = np.ascontiguousarray(astronaut()[top:bottom, left:right])
    face = find_face(picture)
    assert_face(face, FACE_X - left, FACE_Y - top, FACE_HEIGHT)
    assert crop_face(picture, face).shape == (256, 256, 3)


@pytest.mark.parametrize("degrees", [-40, -30, -15, 15, 30, 40])
def test_it_finds_a_rotated_face(degrees: float) -> None:
    picture, x, y = rotated(degrees)
    assert_face(find_face(picture), x, y, FACE_HEIGHT)


@pytest.mark.parametrize("larger_on_the_left", [True, False])
def test_the_larger_of_two_faces_is_taken(larger_on_the_left: bool) -> None:
    large, small = resized(astronaut(), 512, 512)[:, 80:400], resized(astronaut(), 340, 340)[:, 50:270]
    small = np.pad(small, ((172, 0), (0, 0), (0, 0)), mode="edge")
    picture = np.concatenate([large, small] if larger_on_the_left else [small, large], axis=1)
    left = -80 if larger_on_the_left else small.shape[1] - 80
    assert_face(find_face(picture), left + FACE_X, FACE_Y, FACE_HEIGHT)


@pytest.mark.parametrize("name", ["chelsea", "coffee", "rocket", "hubble_deep_field", "brick", "grass"])
def test_a_picture_without_a_face_is_refused(name: str) -> None:
    picture = np.asarray(Image.fromarray(getattr(data, name)()).convert("RGB"))
    with pytest.raises(NoFaceError) as caught:
        find_face(picture)
    assert caught.value.code == "no_face"


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_an_empty_picture_has_no_face(shade: int) -> None:
    with pytest.raises(NoFaceError):
        find_face(np.full((400, 300, 3), shade, np.uint8))


def test_it_needs_no_torch() -> None:
    program = (
        "import sys, numpy as np\n"
        "from skimage import data\n"
        "from portrait.engine.photo.crop import crop_face\n"
        "from portrait.engine.photo.face_detection import find_face\n"
        "picture = data.astronaut()\n"
        "crop_face(picture, find_face(picture))\n"
        "assert 'torch' not in sys.modules\n"
        "assert 'django' not in sys.modules\n"
    )
    root = ROOT
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
