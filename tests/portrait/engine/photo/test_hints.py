"""Hints name what will look poor in a photo, and say nothing about a good one."""

from __future__ import annotations

import cv2
import numpy as np

from portrait.engine.photo.crop import FaceBox
from portrait.engine.photo.hints import FACE_SMALL, PHOTO_BLURRED, PHOTO_DARK, hints
from portrait.engine.photo.picture import Picture
from tests.portrait.pictures import astronaut, resized

FACE = FaceBox(226, 127, 101, 1.0, "hand")


def darkened(picture: Picture, by: float) -> Picture:
    return np.asarray(picture * by, np.uint8)


def test_a_good_photo_has_none() -> None:
    assert hints(astronaut(), FACE) == ()


def test_a_blurred_face() -> None:
    assert hints(np.asarray(cv2.GaussianBlur(astronaut(), (0, 0), 3), np.uint8), FACE) == (PHOTO_BLURRED,)


def test_a_dark_face_is_not_called_blurred_too() -> None:
    assert hints(darkened(astronaut(), 0.2), FACE) == (PHOTO_DARK,)


def test_a_small_face_is_not_called_blurred_too() -> None:
    small = FaceBox(226 / 4, 127 / 4, 101 / 4, 1.0, "hand")
    assert hints(resized(astronaut(), 128, 128), small) == (FACE_SMALL,)


def test_several_are_told_together() -> None:
    small = FaceBox(226 / 4, 127 / 4, 101 / 4, 1.0, "hand")
    assert hints(darkened(resized(astronaut(), 128, 128), 0.2), small) == (FACE_SMALL, PHOTO_DARK)
