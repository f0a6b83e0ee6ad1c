"""A live portrait: one file whose fields, blended, lead where the motion model says."""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache

import cv2
import numpy as np
from PIL import Image

from portrait.engine.canvas.moments import evaluated
from portrait.engine.canvas.subject import PaintedSubject
from portrait.engine.live.fields import GRID, STEP, blended, field_of
from portrait.engine.live.file import FORMAT, VERSION, live_file, max_bytes
from portrait.engine.live.making import LivePortrait, live_portrait
from portrait.engine.live.patches import GAP
from portrait.engine.live.poses import PAIRS, POSES, Amplitudes, of_pose, posed
from portrait.engine.photo.choice import LARGEST
from portrait.engine.photo.decoding import read_photo
from portrait.tools.live_measure import measure_live
from tests.portrait.engine.test_pipeline import SIZE, STYLE, engine, photo
from tests.portrait.provenance import read_provenance


@cache
def painted() -> PaintedSubject:
    return engine().painted(engine().framed(read_photo(photo()), LARGEST, SIZE), STYLE)


@cache
def live() -> LivePortrait:
    return live_portrait(engine().model, painted())


@cache
def archive(marked: bool = True) -> dict[str, bytes]:
    data = live_file(live(), style=STYLE, seed=5, marked=marked)
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_each_pose_at_its_extent_is_its_own_field() -> None:
    for index, pose in enumerate(POSES):
        np.testing.assert_allclose(
            blended(live().fields, of_pose(pose)), live().fields.whole[index], atol=1e-6
        )


def test_halfway_to_a_pose_the_fields_lead_where_the_motion_model_leads() -> None:
    bent = [of_pose(pose, 0.5) for pose in POSES if pose.bent]
    moments = list(evaluated(engine().model, painted().subject, posed(bent), painted().subject.photo))
    for amplitudes, moment in zip(bent, moments[1:], strict=True):
        distance = np.abs(blended(live().fields, amplitudes) - field_of(moment.displacement))
        assert distance.max() <= 2 * STEP


def test_the_blended_fields_lead_where_the_motion_model_leads() -> None:
    found = measure_live(engine().model, painted(), count=7, seed=1)

    look, everything = found.errors["look"], found.errors["all"]
    # In pixels of 256; the head itself moves by up to 18.
    assert look[0] < 0.2
    assert look[1] < 0.6
    assert everything[0] < 0.5
    assert everything[1] < 1.5
    assert found.bytes <= max_bytes(SIZE)
    assert max_bytes(512) == 450_000


def test_at_rest_nothing_is_displaced() -> None:
    assert not blended(live().fields, Amplitudes()).any()


def test_a_field_at_half_the_models_resolution_loses_less_than_half_a_pixel() -> None:
    moments = list(
        evaluated(
            engine().model, painted().subject, posed(list(map(of_pose, POSES))), painted().subject.photo
        )
    )
    for field, moment in zip(live().fields.whole, moments[1:], strict=True):
        size = moment.displacement.shape[1::-1]
        distance = np.linalg.norm(cv2.resize(field, size) - moment.displacement, axis=2) * 256
        assert np.quantile(distance, 0.95) < 0.5


def test_the_lids_have_patches_and_lie_where_the_eyes_are() -> None:
    blink = next(index for index, pose in enumerate(POSES) if pose.name == "blink")
    places = [patch.place for patch in live().patches if patch.pose == blink]
    assert places
    assert min(place.top for place in places) > 0.2 * SIZE
    assert max(place.bottom for place in places) < 0.75 * SIZE


def test_the_file_says_what_is_in_it() -> None:
    files = archive()
    said = json.loads(files["portrait.json"])

    assert (said["format"], said["version"], said["side"]) == (FORMAT, VERSION, SIZE)
    assert (said["style"], said["seed"]) == (STYLE, 5)
    assert said["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert [pose["name"] for pose in said["poses"]] == [pose.name for pose in POSES]
    assert said["pairs"] == [[pair.first, pair.second, *pair.at] for pair in PAIRS]
    for name in ("painting", "matte", "wall"):
        with Image.open(io.BytesIO(files[f"{name}.webp"])) as image:
            assert image.size == (SIZE, SIZE)
    for name in ("patches", "masks"):
        with Image.open(io.BytesIO(files[f"{name}.webp"])) as image:
            assert list(image.size) == said["atlas"]


def test_the_fields_are_read_back_as_docs_live_md_says() -> None:
    data = np.frombuffer(archive()["fields.bin"], np.uint8).astype(np.int32)
    low, high = data.reshape(2, -1)
    zigzag = (low | high << 8).reshape(-1, 2, GRID, GRID)
    values = ((zigzag >> 1) ^ -(zigzag & 1)).cumsum(axis=2).cumsum(axis=3)
    step = json.loads(archive()["portrait.json"])["step"]
    np.testing.assert_array_equal(values.transpose(0, 2, 3, 1) * step, live().fields.all)


def test_what_two_motions_do_together_is_what_the_motion_model_does() -> None:
    together = [pair.amplitudes for pair in PAIRS]
    moments = list(evaluated(engine().model, painted().subject, posed(together), painted().subject.photo))
    for amplitudes, moment in zip(together, moments[1:], strict=True):
        distance = np.abs(blended(live().fields, amplitudes) - field_of(moment.displacement))
        assert distance.max() <= 4 * STEP


def test_the_motions_of_the_head_share_one_budget() -> None:
    limited = Amplitudes(look_right=-1, look_down=0.5, nod=0.6, tilt=0.4, smile=1)
    assert (limited.look_right, limited.look_down) == (-0.5, 0.25)
    assert (limited.nod, limited.tilt, limited.smile) == (0.3, 0.2, 1)
    assert Amplitudes(look_right=0.5, nod=0.5).nod == 0.5


def test_patches_do_not_touch_in_the_atlas() -> None:
    said = json.loads(archive()["portrait.json"])
    taken = np.zeros(said["atlas"][::-1], bool)
    for _x, _y, width, height, left, top in [
        *said["mark"],
        *(one for pose in said["poses"] for one in pose["patches"]),
    ]:
        around = taken[max(top - GAP + 1, 0) : top + height, max(left - GAP + 1, 0) : left + width]
        assert not around.any()
        taken[top : top + height, left : left + width] = True


def test_the_mark_is_in_the_file_unless_it_is_switched_off() -> None:
    assert json.loads(archive()["portrait.json"])["mark"]
    assert not json.loads(archive(marked=False)["portrait.json"])["mark"]


def test_the_engine_makes_the_same_file_again() -> None:
    first = engine().make_live(photo(), seed=3, size=SIZE)
    assert first == engine().make_live(photo(), seed=3, size=SIZE)
    assert read_provenance(first) is not None
