"""The eyes of a live portrait: they look aside without the head, and nothing around them moves."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from portrait.engine.live.eyes import eyes_of, looking, shift
from portrait.engine.photo.landmarks import face_landmarks
from tests.portrait.engine.live.test_live_file import archive, painted
from tests.portrait.engine.test_pipeline import SIZE

GAZES = ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.0, -1.0))


def test_the_eyes_are_where_the_landmarks_of_the_face_are() -> None:
    photo = painted().subject.photo
    eyes, landmarks = eyes_of(photo), face_landmarks(photo)
    assert landmarks is not None
    assert len(eyes) == 2
    for eye, outline in zip(eyes, landmarks.eyes, strict=True):
        assert (outline.min(axis=0) < eye.centre).all()
        assert (outline.max(axis=0) > eye.centre).all()
    said = json.loads(archive()["portrait.json"])["eyes"]
    assert said == [[round(value, 5) for value in (*eye.centre, *eye.axes, *eye.reach)] for eye in eyes]


@pytest.mark.parametrize("gaze", GAZES)
def test_an_iris_moves_where_the_eyes_look_and_nothing_beyond_the_lids(gaze: tuple[float, float]) -> None:
    eyes = eyes_of(painted().subject.photo)
    before, after = painted(), looking(painted(), eyes, *gaze)
    y, x = np.mgrid[:SIZE, :SIZE]
    outside = np.ones((SIZE, SIZE), bool)
    for eye in eyes:
        middle, axes = np.array(eye.centre) * SIZE, np.array(eye.axes) * SIZE
        outside &= ((x + 0.5 - middle[0]) / axes[0]) ** 2 + ((y + 0.5 - middle[1]) / axes[1]) ** 2 > 1
        # A picture whose grey values are the places shows how far what is in the middle has moved.
        for axis, values in enumerate((x, y)):
            ramp = np.repeat(values.astype(np.uint8)[..., None], 3, axis=2)
            moved = looking(replace(before, painting=ramp), eyes, *gaze).painting
            column, row = np.rint(middle - 0.5).astype(int)
            assert moved[row, column, 0] == pytest.approx(
                ramp[row, column, 0] - gaze[axis] * eye.reach[axis] * SIZE, abs=1
            )
    assert not outside.all()
    for one, other in (
        (before.painting, after.painting),
        (before.subject.photo, after.subject.photo),
    ):
        np.testing.assert_array_equal(one[outside], other[outside])
        assert (one != other).any()


@pytest.mark.parametrize("gaze", GAZES)
def test_the_warp_folds_nothing(gaze: tuple[float, float]) -> None:
    y, x = np.mgrid[:1024, :1024]
    places = ((np.stack([x, y], axis=-1) + 0.5) / 1024).astype(np.float32)
    there = places - shift(places, eyes_of(painted().subject.photo), gaze)
    down, across = np.gradient(there * 1024, axis=(0, 1))
    assert (across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]).min() > 0.1


def test_a_picture_without_a_face_has_no_eyes_and_stays_as_it_is() -> None:
    assert eyes_of(np.full((SIZE, SIZE, 3), 120, np.uint8)) == ()
    assert looking(painted(), (), 1, 1) is painted()
