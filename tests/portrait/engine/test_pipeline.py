"""From photo bytes to portrait files with the shipped weights: what was asked for, as told, and moving."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache
from pathlib import Path

import c2pa
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from portrait.engine.errors import ChoiceError, NoFaceError, PhotoError
from portrait.engine.options import EngineOptions
from portrait.engine.output.ai_mark import stamp
from portrait.engine.output.formats import NAMES
from portrait.engine.output.statement import Statement
from portrait.engine.photo.crop import crop_face
from portrait.engine.photo.face_detection import find_face
from portrait.engine.photo.readings import Readings
from portrait.engine.pipeline import SHARES, Engine, PortraitFiles, make_portrait
from portrait.engine.request import (
    ANIMATE_THEN_PAINT,
    ORDERS,
    PAINT_THEN_ANIMATE,
    SIZES,
    PortraitRequest,
)
from portrait.engine.stages import Stages
from tests.portrait.engine.output.certificates import certificate
from tests.portrait.engine.output.test_encode import played
from tests.portrait.pictures import astronaut, encoded
from tests.portrait.provenance import read_provenance

STYLE, MOTION = "udnie", "nod"
SIZE = 256


@cache
def engine() -> Engine:
    return Engine(EngineOptions(device="cpu", precision="float32"))


@cache
def photo() -> bytes:
    return encoded(astronaut(), "JPEG", quality=92)


@cache
def made(order: str) -> tuple[PortraitFiles, list[tuple[str, float]]]:
    progress: list[tuple[str, float]] = []
    request = PortraitRequest(style=STYLE, motion=MOTION, order=order, seed=5, size=SIZE)
    files = engine().make_portrait(photo(), request, lambda *told: progress.append(told))
    return files, progress


def poster(files: PortraitFiles) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(files.poster)) as image:
        return np.array(image)


@pytest.mark.parametrize("order", ORDERS)
def test_the_portrait_moves_and_is_painted(order: str) -> None:
    files, _ = made(order)
    frames, durations = played(files.webp)
    assert frames.shape[1:] == (files.height, files.width, 3) == (256, 256, 3)
    assert sum(durations) == pytest.approx(1000 * files.frames / files.fps, abs=len(frames))
    face = frames[:, 60:200, 60:200].astype(int)
    assert max(np.abs(frame - face[0]).mean() for frame in face) > 4  # moves
    source = crop_face(astronaut(), find_face(astronaut())).astype(int)
    assert np.abs(poster(files).astype(int) - source).mean() > 15  # is painted


@pytest.mark.parametrize("order", ORDERS)
def test_it_loops_without_a_jump(order: str) -> None:
    frames = played(made(order)[0].gif)[0][:, :230].astype(int)
    steps = np.abs(np.diff(frames, axis=0)).mean((1, 2, 3))
    assert np.abs(frames[-1] - frames[0]).mean() <= 1.5 * steps.max()


@pytest.mark.parametrize("order", ORDERS)
def test_the_mark_stands_still(order: str) -> None:
    files, _ = made(order)
    ground = np.full((1, 256, 256, 3), 128, np.uint8)
    letters = (stamp(ground)[0].mean(2) > 170)[None]
    frames = played(files.webp)[0].mean(3)
    assert letters.sum() > 10
    assert frames[np.broadcast_to(letters, frames.shape)].min() > 120
    assert frames.std(0)[letters[0]].max() < 25


def test_the_mark_can_be_left_out() -> None:
    quiet = Engine.__new__(Engine)
    quiet.__dict__.update(engine().__dict__, options=replace(engine().options, ai_mark=False))
    request = PortraitRequest(style=STYLE, motion=MOTION, order=PAINT_THEN_ANIMATE, size=SIZE)
    plain = poster(quiet.make_portrait(photo(), request)).astype(int)
    marked = poster(made(PAINT_THEN_ANIMATE)[0]).astype(int)
    changed = np.argwhere((plain != marked).any(2))
    assert len(changed)
    assert changed.min() > 200


def test_only_the_chosen_formats_are_made_and_signed(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    other = Engine.__new__(Engine)
    chosen, signing = replace(engine().options, formats=("mp4",)), Statement((files.chain, files.key))
    other.__dict__.update(engine().__dict__, options=chosen, _statement=signing)
    portrait = other.make_portrait(
        photo(), PortraitRequest(style=STYLE, motion="nod", order=PAINT_THEN_ANIMATE, size=SIZE)
    )
    assert list(portrait.contents) == ["webp", "mp4", "poster", "tile"]
    with pytest.raises(AttributeError):
        _ = portrait.gif
    with c2pa.Reader("video/mp4", io.BytesIO(portrait.mp4)) as reader:
        assert reader.get_validation_state() == "Valid"
        assert f'"style": "{STYLE}"' in reader.json()


def test_a_format_that_does_not_exist_is_told_before_loading() -> None:
    with pytest.raises(ChoiceError, match="choose from webp"):
        Engine(EngineOptions(formats=("flv",), checkpoints=Path("nowhere")))


@pytest.mark.parametrize("order", ORDERS)
def test_progress_tells_each_stage_once_and_never_falls(order: str) -> None:
    _, progress = made(order)
    stages = list(dict.fromkeys(stage for stage, _ in progress))
    assert stages == list(SHARES[order])
    assert [stage for stage, _ in progress] == sorted((stage for stage, _ in progress), key=stages.index)
    fractions = [fraction for _, fraction in progress]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == 1
    assert len(fractions) > 10


@pytest.mark.parametrize("order", ORDERS)
def test_the_result_says_what_it_is(order: str) -> None:
    files, _ = made(order)
    assert files.request == PortraitRequest(
        style=STYLE, motion=MOTION, order=order, seed=5, strength=1.0, size=SIZE
    )
    assert set(files.timings) == set(SHARES[order])
    assert files.contents.keys() == set(NAMES)
    assert all(read_provenance(file) for file in files.contents.values())


def test_the_painted_still_comes_before_the_film_and_has_the_person_of_its_first_frame() -> None:
    told: list[str] = []
    stills: list[bytes] = []

    def on_still(poster: bytes) -> None:
        told.append("still")
        stills.append(poster)

    request = PortraitRequest(style=STYLE, motion=MOTION, size=SIZE)
    files = engine().make_portrait(photo(), request, lambda stage, _: told.append(stage), on_still=on_still)
    assert list(dict.fromkeys(told)) == ["reading", "face", "painting", "still", "animating", "encoding"]
    assert len(stills) == 1
    assert read_provenance(stills[0])
    with Image.open(io.BytesIO(stills[0])) as still:
        difference = np.abs(np.array(still).astype(int) - poster(files)).max(axis=2)
    assert (difference == 0).mean() > 0.5
    face = slice(3 * SIZE // 8, 5 * SIZE // 8)
    assert not difference[face, face].any()


def test_the_picture_is_read_for_who_asks() -> None:
    found: list[Readings] = []
    request = PortraitRequest(style=STYLE, motion=MOTION, size=SIZE)

    def stop(still: bytes) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        engine().make_portrait(photo(), request, on_readings=found.append, on_still=stop)
    assert [abs(one.tilt) < 10 for one in found] == [True]


@pytest.mark.parametrize("size", SIZES)
def test_a_portrait_has_the_size_that_was_asked_for(size: int) -> None:
    source = crop_face(astronaut(), find_face(astronaut()), size)
    painted = engine().painted(engine().subject(source), STYLE)
    motion = engine().motion(MOTION)
    short = motion.only(range(0, len(motion), 30))
    for order in ORDERS:
        frames = np.stack(list(engine().frames(painted, short, order)))
        assert frames.shape == (len(short), size, size, 3)
        assert np.abs(frames[1].astype(int) - frames[0]).mean() > 0.5


def test_what_is_not_chosen_is_drawn_by_the_seed() -> None:
    drawn = [engine().completed(PortraitRequest(seed=seed)) for seed in range(40)]
    assert drawn == [engine().completed(PortraitRequest(seed=seed)) for seed in range(40)]
    assert {request.style for request in drawn} == set(engine().styles)
    assert {request.motion for request in drawn} == set(engine().motions)
    # Naming the one does not change the other.
    named = [engine().completed(PortraitRequest(style=STYLE, seed=seed)) for seed in range(40)]
    assert [request.motion for request in named] == [request.motion for request in drawn]


@pytest.mark.parametrize(
    ("style", "motion", "order", "code"),
    [
        ("no-such", MOTION, ANIMATE_THEN_PAINT, "unknown_style"),
        (STYLE, "no-such", ANIMATE_THEN_PAINT, "unknown_motion"),
        (STYLE, "../nod", ANIMATE_THEN_PAINT, "unknown_motion"),
        (STYLE, MOTION, "no-such", "unknown_order"),
    ],
)
def test_a_choice_that_does_not_exist_is_told_first(style: str, motion: str, order: str, code: str) -> None:
    with pytest.raises(ChoiceError) as caught:
        make_portrait(b"not even a photo", style, motion, order, engine=engine())
    assert caught.value.code == code


def test_a_photo_without_a_face_is_refused_with_no_face() -> None:
    with pytest.raises(NoFaceError):
        make_portrait(encoded(data.coffee(), "JPEG"), engine=engine())


def test_a_bad_photo_is_refused_with_its_code() -> None:
    with pytest.raises(PhotoError) as caught:
        make_portrait(b"", engine=engine())
    assert caught.value.code == "photo_empty"


def test_the_progress_callback_can_end_the_work() -> None:
    def stop(stage: str, fraction: float) -> None:
        if stage == "painting":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_portrait(photo(), STYLE, MOTION, PAINT_THEN_ANIMATE, stop, engine=engine())


def test_stages_share_out_the_whole() -> None:
    told: list[tuple[str, float]] = []
    stages = Stages({"a": 1, "b": 3}, lambda stage, fraction: told.append((stage, fraction)))
    with stages.enter("a") as advance:
        advance(0.5)
    with stages.enter("b") as advance:
        advance(0.5)
        advance(0.2)  # never back
    assert told == [("a", 0), ("a", 0.125), ("b", 0.25), ("b", 0.625), ("b", 0.625), ("b", 1)]
