"""The landmarks of a crop say where eyes and mouth are, whatever the crop's size, and how the head is held."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data

from portrait.engine.photo.crop import FaceBox, crop_face
from portrait.engine.photo.landmarks import FaceLandmarks, face_landmarks
from portrait.engine.photo.picture import Picture
from tests.portrait.pictures import astronaut, resized

FACE = FaceBox(226, 127, 101, 1.0, "hand")


def landmarks_of(picture: Picture, face: FaceBox = FACE, side: int = 256) -> FaceLandmarks:
    landmarks = face_landmarks(crop_face(picture, face, side))
    assert landmarks is not None
    return landmarks


@pytest.mark.parametrize("side", [128, 256, 512])
def test_eyes_and_mouth_are_found_at_any_size(side: int) -> None:
    landmarks = landmarks_of(astronaut(), side=side)
    right, left = (eye.mean(axis=0) for eye in landmarks.eyes)
    # Measured by hand in the crop.
    assert right == pytest.approx([0.37, 0.375], abs=0.03)
    assert left == pytest.approx([0.62, 0.387], abs=0.03)
    assert landmarks.mouth.mean(axis=0) == pytest.approx([0.487, 0.63], abs=0.03)
    # She smiles: the inner contour lies inside the outer one and is open.
    inner, outer = landmarks.inner_mouth, landmarks.mouth
    assert outer[:, 1].min() < inner[:, 1].min() < inner[:, 1].max() < outer[:, 1].max()


def test_a_mirrored_face_is_turned_and_leans_the_other_way() -> None:
    mirrored = np.ascontiguousarray(astronaut()[:, ::-1])
    one, other = landmarks_of(astronaut()), landmarks_of(mirrored, FaceBox(512 - 226, 127, 101, 1.0, "hand"))
    assert one.turn == pytest.approx(-other.turn, abs=4)
    assert one.lean == pytest.approx(-other.lean, abs=2)


@pytest.mark.parametrize("degrees", [-25, 20])
def test_the_lean_is_the_head_s(degrees: int) -> None:
    turned = Image.fromarray(crop_face(astronaut(), FACE, 256)).rotate(-degrees, Image.Resampling.BICUBIC)
    landmarks = face_landmarks(np.asarray(turned))
    assert landmarks is not None
    assert landmarks.lean - landmarks_of(astronaut()).lean == pytest.approx(degrees, abs=3)


@pytest.mark.parametrize("name", ["coffee", "rocket", "grass"])
def test_there_are_none_without_a_face(name: str) -> None:
    picture = np.asarray(Image.fromarray(getattr(data, name)()).convert("RGB"))
    assert face_landmarks(resized(picture, 256, 256)) is None
