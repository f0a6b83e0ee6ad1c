"""The largest face is found and cut out as the motion model's training faces were; no face is said so."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from skimage import data

from portrait.engine.errors import NoFaceError
from portrait.engine.photo.face import (
    FACE_CENTRE_IN_FRAME,
    FACE_HEIGHT_IN_FRAME,
    FaceBox,
    crop_face,
    find_face,
)
from portrait.engine.photo.reading import Picture
from tests.paths import ROOT
from tests.portrait.pictures import astronaut, resized

# Measured by hand in the picture: from the hairline at 78 to the chin at 178, the nose's bridge at 225.
FACE_X, FACE_Y, FACE_HEIGHT = 226, 127, 101


def turned(degrees: float) -> tuple[Picture, float, float]:
    """The picture turned counter-clockwise about its middle, and where the face has gone."""
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
def test_it_finds_a_leaning_face(degrees: float) -> None:
    picture, x, y = turned(degrees)
    assert_face(find_face(picture), x, y, FACE_HEIGHT)


@pytest.mark.parametrize("larger_on_the_left", [True, False])
def test_of_two_faces_the_larger_is_taken(larger_on_the_left: bool) -> None:
    large, small = resized(astronaut(), 512, 512)[:, 80:400], resized(astronaut(), 340, 340)[:, 50:270]
    small = np.pad(small, ((172, 0), (0, 0), (0, 0)), mode="edge")
    picture = np.concatenate([large, small] if larger_on_the_left else [small, large], axis=1)
    left = -80 if larger_on_the_left else small.shape[1] - 80
    assert_face(find_face(picture), left + FACE_X, FACE_Y, FACE_HEIGHT)


@pytest.mark.parametrize("name", ["chelsea", "coffee", "rocket", "hubble_deep_field", "brick", "grass"])
def test_no_face_is_no_face(name: str) -> None:
    picture = np.asarray(Image.fromarray(getattr(data, name)()).convert("RGB"))
    with pytest.raises(NoFaceError) as caught:
        find_face(picture)
    assert caught.value.code == "no_face"


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_an_empty_picture_has_no_face(shade: int) -> None:
    with pytest.raises(NoFaceError):
        find_face(np.full((400, 300, 3), shade, np.uint8))


def test_the_crop_is_framed_as_in_training() -> None:
    # The crop is looked at with the detector again: what it says of the crop has to be the training's framing.
    again = find_face(crop_face(astronaut(), find_face(astronaut())))
    assert again.height / 256 == pytest.approx(FACE_HEIGHT_IN_FRAME, abs=0.05)
    assert again.centre_x / 256 == pytest.approx(FACE_CENTRE_IN_FRAME[0], abs=0.04)
    assert again.centre_y / 256 == pytest.approx(FACE_CENTRE_IN_FRAME[1], abs=0.04)


def box(x: float, y: float, height: float) -> FaceBox:
    return FaceBox(centre_x=x, centre_y=y, height=height, score=1.0, detector="hog")


def disc(width: int, height: int, x: float, y: float, radius: float) -> Picture:
    rows, columns = np.mgrid[:height, :width]
    inside = (columns - x) ** 2 + (rows - y) ** 2 < radius**2
    return np.where(inside[..., None], 255, 40).astype(np.uint8).repeat(3, axis=2)


@pytest.mark.parametrize(("width", "height"), [(1000, 700), (400, 900), (300, 300)])
@pytest.mark.parametrize(("x", "y"), [(150, 150), (40, 60), (260, 250)])
def test_nothing_is_squashed(width: int, height: int, x: int, y: int) -> None:
    crop = crop_face(disc(width, height, x, y, 30), box(x, y, 116))
    bright = crop[..., 0] > 147
    around = np.argwhere(bright[70:190, 70:190])  # leaves out reflections of the disc
    high, wide = around.max(0) - around.min(0)
    assert high == pytest.approx(wide, abs=1)
    assert 74 <= high <= 90  # 60 pixels, where 116 are .58 to .66 of 256


def test_the_missing_part_is_reflected_at_the_border() -> None:
    picture = np.zeros((300, 300, 3), np.uint8)
    picture[:, :, 0] = np.arange(300)[None, :] % 256  # red tells the column
    picture[:, :, 1] = np.arange(300)[:, None] % 256  # green tells the row
    crop = crop_face(picture, box(30.0, 150.0, 80.0), 256).astype(int)
    side = 80 / 0.66
    left = 30 - 0.5 * side + 0.04 * side  # moved as far as is allowed
    columns = left + (np.arange(256) + 0.5) / 256 * side - 0.5
    inside = columns > 3
    assert np.abs(crop[128, inside, 0] - columns[inside]).max() <= 1.5
    border = (columns < -1) & (columns > -3)  # near enough to be sharp
    assert np.abs(crop[128, border, 0] - -columns[border]).max() <= 2.5
    assert crop[128, 0, 0] > crop[128, 20, 0]  # further out is further in


def test_what_is_far_outside_is_out_of_focus() -> None:
    stripes = np.zeros((200, 200, 3), np.uint8)
    stripes[:, ::8] = stripes[:, 1::8] = stripes[:, 2::8] = stripes[:, 3::8] = 255
    crop = crop_face(stripes, box(10.0, 100.0, 100.0)).astype(int)
    row = crop[128, :, 0]
    assert np.ptp(row[:30]) < 60  # reflected
    assert np.ptp(row[150:]) > 200  # real


def test_a_crop_from_a_large_picture_is_filtered() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2400, 2400, 3), dtype=np.uint8)
    crop = crop_face(noise, box(1200, 1200, 1160))
    assert crop.std() < 25  # sampled without a filter it would stay at 74


def test_a_face_larger_than_the_picture_is_still_cut() -> None:
    crop = crop_face(resized(astronaut(), 80, 80), box(40, 40, 300))
    assert crop.shape == (256, 256, 3)


def test_it_needs_no_torch() -> None:
    program = (
        "import sys, numpy as np\n"
        "from skimage import data\n"
        "from portrait.engine.photo.face import crop_face, find_face\n"
        "picture = data.astronaut()\n"
        "crop_face(picture, find_face(picture))\n"
        "assert 'torch' not in sys.modules\n"
        "assert 'django' not in sys.modules\n"
    )
    root = ROOT
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
