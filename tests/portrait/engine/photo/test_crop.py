"""The face is cropped with the framing of the motion model's training data."""

from __future__ import annotations

import numpy as np
import pytest

from portrait.engine.photo.crop import (
    FACE_CENTRE_IN_FRAME,
    FACE_HEIGHT_IN_FRAME,
    FaceBox,
    crop_face,
)
from portrait.engine.photo.face_detection import find_face
from portrait.engine.photo.picture import Picture
from tests.portrait.pictures import astronaut, resized


def test_the_crop_is_framed_as_in_training() -> None:
    # Detected in the crop, the face has the height and the position of the training data.
    again = find_face(crop_face(astronaut(), find_face(astronaut())))
    assert again.height / 256 == pytest.approx(FACE_HEIGHT_IN_FRAME, abs=0.05)
    assert again.centre_x / 256 == pytest.approx(FACE_CENTRE_IN_FRAME[0], abs=0.04)
    assert again.centre_y / 256 == pytest.approx(FACE_CENTRE_IN_FRAME[1], abs=0.04)


def box(x: float, y: float, height: float) -> FaceBox:
    return FaceBox(centre_x=x, centre_y=y, height=height, score=1.0, detector="mesh")


def disc(width: int, height: int, x: float, y: float, radius: float) -> Picture:
    rows, columns = np.mgrid[:height, :width]
    inside = (columns - x) ** 2 + (rows - y) ** 2 < radius**2
    return np.where(inside[..., None], 255, 40).astype(np.uint8).repeat(3, axis=2)


@pytest.mark.parametrize(("width", "height"), [(1000, 700), (400, 900), (300, 300)])
@pytest.mark.parametrize(("x", "y"), [(150, 150), (40, 60), (260, 250)])
def test_the_aspect_ratio_is_kept(width: int, height: int, x: int, y: int) -> None:
    crop = crop_face(disc(width, height, x, y, 30), box(x, y, 116))
    bright = crop[..., 0] > 147
    around = np.argwhere(bright[70:190, 70:190])  # leaves out reflections of the disc
    high, wide = around.max(0) - around.min(0)
    assert high == pytest.approx(wide, abs=1)
    assert 74 <= high <= 90  # 60 pixels, where 116 are .58 to .66 of 256


def test_a_margin_shows_what_surrounds_the_crop() -> None:
    face = find_face(astronaut())
    wide = crop_face(astronaut(), face, 256, margin=16).astype(int)
    assert wide.shape == (288, 288, 3)
    # The resampling of the outermost pixels sees more of the photo.
    inner = (slice(20, -20), slice(20, -20))
    np.testing.assert_allclose(wide[inner], crop_face(astronaut(), face, 256)[4:-4, 4:-4], atol=1)
    mirrored = wide[17:33][::-1]
    assert np.abs(wide[:16] - mirrored).mean() > 5


def test_the_missing_part_is_reflected_at_the_border() -> None:
    picture = np.zeros((300, 300, 3), np.uint8)
    picture[:, :, 0] = np.arange(300)[None, :] % 256  # red is the column
    picture[:, :, 1] = np.arange(300)[:, None] % 256  # green is the row
    crop = crop_face(picture, box(30.0, 150.0, 80.0), 256).astype(int)
    side = 80 / 0.66
    left = 30 - 0.5 * side + 0.04 * side  # shifted by the maximum
    columns = left + (np.arange(256) + 0.5) / 256 * side - 0.5
    inside = columns > 3
    assert np.abs(crop[128, inside, 0] - columns[inside]).max() <= 1.5
    border = (columns < -1) & (columns > -3)  # close enough to be sharp
    assert np.abs(crop[128, border, 0] - -columns[border]).max() <= 2.5
    assert crop[128, 0, 0] > crop[128, 20, 0]  # the reflection is mirrored


def test_the_reflection_is_blurred() -> None:
    stripes = np.zeros((200, 200, 3), np.uint8)
    stripes[:, ::8] = stripes[:, 1::8] = stripes[:, 2::8] = stripes[:, 3::8] = 255
    crop = crop_face(stripes, box(10.0, 100.0, 100.0)).astype(int)
    row = crop[128, :, 0]
    assert np.ptp(row[:30]) < 60  # reflected
    assert np.ptp(row[150:]) > 200  # real


def test_a_crop_from_a_large_picture_is_antialiased() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2400, 2400, 3), dtype=np.uint8)
    crop = crop_face(noise, box(1200, 1200, 1160))
    assert crop.std() < 25  # without antialiasing it would be 74


def test_a_face_larger_than_the_picture_is_cropped() -> None:
    crop = crop_face(resized(astronaut(), 80, 80), box(40, 40, 300))
    assert crop.shape == (256, 256, 3)
