"""Frames as people see them: the background stands still, strokes move with the face, lids and mouth are painted."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from portrait.engine.canvas import composer, moments
from portrait.engine.canvas.background import beside_person, without_person
from portrait.engine.canvas.carrying import Places
from portrait.engine.canvas.keyframes import keyframes
from portrait.engine.canvas.layers import Layers
from portrait.engine.canvas.subject import PaintedSubject, Subject
from portrait.engine.fomm import load_model
from portrait.engine.motion import Motion
from portrait.engine.motion.anatomy import EYE_LEFT, EYE_RIGHT, MOUTH
from portrait.engine.options import EngineOptions
from portrait.engine.photo.crop import crop_face
from portrait.engine.photo.face_detection import find_face
from portrait.engine.pipeline import ANIMATIONS, Engine
from portrait.engine.request import ANIMATE_THEN_PAINT, ORDERS, PAINT_AND_CARRY, PAINT_THEN_ANIMATE
from portrait.training.style.flicker import animate, flicker
from tests.paths import DATA
from tests.portrait.pictures import astronaut

SIDE = 384


@cache
def engine() -> Engine:
    return Engine(EngineOptions(device="cpu"))


@cache
def subject() -> Subject:
    return engine().subject(crop_face(astronaut(), find_face(astronaut()), SIDE))


@cache
def painted() -> PaintedSubject:
    return engine().painted(subject(), "woman-with-a-hat")


@cache
def motion() -> Motion:
    """A few frames of a turn, the first at rest."""
    whole = engine().motion("proud-turn")
    return whole.only(range(0, len(whole), 9))


@cache
def frames(order: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The clip, (T, S, S, 3), and the person's alpha in it, (T, S, S)."""
    made = list(ANIMATIONS[order](engine().model, painted(), motion()))
    return np.stack([frame.picture for frame in made]), np.stack([frame.alpha for frame in made])


@pytest.mark.parametrize("order", ORDERS)
def test_behind_the_person_nothing_changes_by_a_bit(order: str) -> None:
    clip, persons = frames(order)
    behind, inside = persons.max(axis=0) == 0, persons.min(axis=0) == 255
    assert behind.mean() > 0.15
    assert (clip[:, behind] == clip[0, behind]).all()
    assert np.abs(np.diff(clip[:, inside].astype(int), axis=0)).mean() > 3


def test_the_first_frame_is_the_still() -> None:
    np.testing.assert_array_equal(frames(PAINT_AND_CARRY)[0][0], painted().still)


def test_the_background_differs_from_the_painted_photo_near_the_person_only() -> None:
    near = beside_person(subject().matte) < 1
    assert 0.5 < near.mean() < 0.9
    differs = (painted().background != painted().painting).any(axis=2)
    assert not differs[~near].any()
    assert differs[subject().matte == 1].mean() > 0.9


def test_what_a_nod_uncovers_is_what_surrounds_the_photo() -> None:
    side, margin = 128, 16
    around = np.zeros((side + 2 * margin, side + 2 * margin, 3), np.uint8)
    around[:margin] = (0, 200, 0)
    photo = np.ascontiguousarray(around[margin:-margin, margin:-margin])
    layers = Layers(around, np.ones((side, side), np.float32), photo)
    down = np.full((1, 1, 2), (0, -8 / side), np.float32)
    frame, _alpha = layers.carried(Places(down, side))
    assert (np.abs(frame[:6].astype(int) - (0, 200, 0)) < 4).all()
    assert (frame[10:] < 4).all()


def test_the_painting_reaches_the_border() -> None:
    """Painted as a part of a larger picture, the outermost pixels look the same."""
    photo = subject().photo
    part = engine().painted_photo(np.ascontiguousarray(photo[64:-64, 64:-64]), "water-lilies").painting
    whole = engine().painted_photo(photo, "water-lilies").painting[64:-64, 64:-64]
    border = np.ones(part.shape[:2], bool)
    border[8:-8, 8:-8] = False
    colourfulness = [float(np.ptp(picture[border], axis=1).mean()) for picture in (part, whole)]
    assert colourfulness[0] > 0.8 * colourfulness[1]


def test_at_rest_the_animated_face_is_the_photo() -> None:
    first = next(iter(engine().animate(subject(), motion()))).astype(int)
    inside = frames(PAINT_AND_CARRY)[1][0] == 255
    assert np.abs(first - subject().photo)[inside].mean() < 1


def test_carried_strokes_flicker_less_than_half_as_much_as_strokes_painted_for_each_frame() -> None:
    slow = engine().motion("nod").only(range(8))
    clip = animate(engine(), subject(), slow)
    values = {
        order: flicker(
            np.stack(list(engine().frames(painted(), slow, order))), clip.displacement, clip.person
        )
        for order in (PAINT_AND_CARRY, ANIMATE_THEN_PAINT)
    }
    assert values[PAINT_AND_CARRY] < 0.5 * values[ANIMATE_THEN_PAINT]


def test_frames_between_keyframes_look_as_if_the_networks_had_evaluated_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = engine().motion("proud-turn").only(range(12))
    chosen = keyframes(part)
    assert len(chosen) < 0.6 * len(part)
    orders = (PAINT_AND_CARRY, PAINT_THEN_ANIMATE)
    clips = [np.stack(list(engine().frames(painted(), part, order))) for order in orders]
    for module in (composer, moments):
        monkeypatch.setattr(module, "keyframes", lambda motion: list(range(len(motion))))
    for clip, order in zip(clips, orders, strict=True):
        exact = np.stack(list(engine().frames(painted(), part, order)))
        error = ((clip.astype(float) - exact) ** 2).mean(axis=(1, 2, 3))
        assert error.max() < 255**2 / 10**3.6  # 36 dB
        # Each frame differs from both of its neighbours by at least as much as from what it stands for.
        step = ((exact[1:].astype(float) - exact[:-1]) ** 2).mean(axis=(1, 2, 3))
        assert (error[1:-1] <= np.minimum(step[1:], step[:-1])).all()


def test_a_closed_eye_and_an_open_mouth_are_painted_and_the_rest_of_the_face_is_not() -> None:
    whole = engine().motion("talking")
    assert whole.jacobian is not None
    openness = whole.jacobian[:, [EYE_RIGHT, EYE_LEFT], 1, 1].max(axis=1)
    blink = int(openness.argmin())
    wide = int(whole.value[:, MOUTH, 1].max(axis=1).argmax())
    few = whole.only((0, blink, wide))
    areas: list[float] = []

    def paint(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        areas.append(pictures.shape[1] * pictures.shape[2] / SIDE**2)
        return painted().paint(pictures)

    clip = list(composer.paint_and_carry(engine().model, replace(painted(), paint=paint), few))
    assert 0 < sum(areas) < 0.4 * len(clip)
    unpainted = replace(painted(), paint=lambda pictures: pictures)
    plain = list(composer.paint_and_carry(engine().model, unpainted, few))
    assert [(a.picture != b.picture).any() for a, b in zip(clip, plain, strict=True)] == [False, True, True]


def test_a_matte_of_the_whole_picture_moves_the_whole_picture() -> None:
    everything = Subject.of(subject().photo, np.ones((SIDE, SIDE), np.float32), subject().features)
    np.testing.assert_array_equal(everything.background, everything.photo)
    clip = list(composer.animate(engine().model, everything, motion()))
    assert all((frame.alpha == 255).all() for frame in clip)
    assert np.abs(clip[3].picture.astype(int) - clip[0].picture).mean() > 3


def test_the_person_is_filled_in_from_around() -> None:
    photo = np.full((128, 128, 3), (40, 90, 160), np.uint8)
    matte = np.zeros((128, 128), np.float32)
    cv2.circle(matte, (64, 64), 30, 1.0, -1)
    photo[matte > 0] = (220, 180, 150)
    plate = without_person(photo, matte).astype(int)
    assert np.abs(plate - (40, 90, 160)).max() <= 4


@pytest.mark.parametrize("ground", [2, 253])
def test_grain_on_black_and_on_white_stays_black_and_white(ground: int) -> None:
    noise = np.random.default_rng(1).normal(ground, 4, (128, 128, 3))
    photo = np.clip(np.rint(noise), 0, 255).astype(np.uint8)
    matte = np.zeros((128, 128), np.float32)
    cv2.circle(matte, (64, 64), 30, 1.0, -1)
    plate = without_person(photo, matte).astype(int)
    assert np.abs(plate - ground).max() < 40
    # There is grain in what was filled in.
    assert plate[matte > 0].std() > 0.5


def test_the_published_network_goes_through_the_same_composition() -> None:
    files = DATA / "fomm-tiny" / "config.yaml", DATA / "fomm-tiny" / "checkpoint.pth.tar"
    model = load_model(*files)
    side, small = 256, 128
    photo = cv2.resize(subject().photo, (side, side), interpolation=cv2.INTER_AREA)
    matte = cv2.resize(subject().matte, (side, side), interpolation=cv2.INTER_AREA)
    features = cv2.resize(subject().features, (small, small), interpolation=cv2.INTER_AREA)
    scene = Subject.of(
        np.asarray(photo, np.uint8), np.asarray(matte, np.float32), np.asarray(features, np.float32)
    )
    count = model.num_kp
    steps = np.linspace(0, 0.3, 4, dtype=np.float32)[:, None, None]
    sway = Motion(
        name="sway",
        model=model.keypoint_set,
        fps=25.0,
        value=np.zeros((4, count, 2), np.float32) + steps,
        jacobian=np.tile(np.eye(2, dtype=np.float32), (4, count, 1, 1)),
    )
    own = engine().painted(scene, "udnie")
    for order in ORDERS:
        clip = np.stack([frame.picture for frame in ANIMATIONS[order](model, own, sway)])
        assert clip.shape == (4, side, side, 3)
        assert np.abs(clip[3].astype(int) - clip[0]).mean() > 0.2
