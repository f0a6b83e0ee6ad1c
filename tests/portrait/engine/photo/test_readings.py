"""What is read of a picture is what one chooses or wears, and stays the same in copies of the picture."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from demo.faces import PAINTINGS
from dormitory.look.measuring import SKINS, copies, look, with_skin
from dormitory.look.rules import rules
from portrait.engine.photo.crop import crop_face
from portrait.engine.photo.decoding import read_photo
from portrait.engine.photo.face_detection import find_face
from portrait.engine.photo.landmarks import FaceLandmarks, face_landmarks
from portrait.engine.photo.matte import Matte, person_matte
from portrait.engine.photo.picture import Picture
from portrait.engine.photo.readings import FEATURES, SIDED, Readings, read
from tests.portrait.pictures import astronaut

# Of degrees and distances. Of colours, half of what the rule is worth.
TOLERANCE = {"tilt": 2.5, "gaze": 0.1, "smile": 0.025, "brows": 0.03, "eyes": 0.04}

FILES = {one.file: one for one in PAINTINGS if one.file[0] in "glm"}


@cache
def framed() -> tuple[Picture, Matte, FaceLandmarks]:
    """The astronaut's crop with matte and landmarks."""
    crop = crop_face(astronaut(), find_face(astronaut()), 256)
    landmarks = face_landmarks(crop)
    assert landmarks is not None
    return crop, person_matte(crop), landmarks


def numbers(crop: Picture, matte: Matte) -> dict[str, float]:
    found = read(crop, matte)
    assert isinstance(found, Readings)
    return found.to_json()


@pytest.mark.parametrize("name", ["astronaut", *FILES])
def test_copies_of_a_picture_give_the_same_reading(name: str) -> None:
    picture = read_photo(FILES[name].read()) if name in FILES else astronaut()
    before = look(picture)
    assert before is not None
    for what, copy, sign in copies(picture):
        after = look(copy)
        assert after is not None
        for feature in FEATURES:
            turned = (sign if feature in SIDED else 1) * after.readings[feature]
            if feature in TOLERANCE:
                near = pytest.approx(before.readings[feature], abs=TOLERANCE[feature])
                assert turned == near, (what, feature)
            else:
                rule = next(rule for rule in rules() if rule.feature == feature)
                near = pytest.approx(rule.worth(before.readings[feature]), abs=rule.tenths / 2)
                assert rule.worth(turned) == near, (what, feature)


def test_a_head_that_leans_is_read_in_degrees_and_the_rest_stays() -> None:
    turn = cv2.getRotationMatrix2D((256, 256), -12, 1)  # clockwise as seen
    leaning = cv2.warpAffine(astronaut(), turn, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    before, after = look(astronaut()), look(np.asarray(leaning, np.uint8))
    assert before and after
    assert after.readings["tilt"] - before.readings["tilt"] == pytest.approx(12, abs=2.5)
    for feature in ("smile", "brows", "eyes"):
        assert after.readings[feature] == pytest.approx(before.readings[feature], abs=TOLERANCE[feature])


@pytest.mark.parametrize(
    ("colour", "rgb"),
    [("red", (190, 20, 30)), ("yellow", (230, 200, 40)), ("green", (30, 110, 60)), ("blue", (30, 60, 140))],
)
def test_the_colours_of_clothes_and_background_are_told_apart(colour: str, rgb: tuple[int, int, int]) -> None:
    crop, matte, landmarks = framed()
    dressed, papered = crop.copy(), crop.copy()
    below = np.arange(256)[:, None] > 256 * landmarks.points[152, 1]
    dressed[(matte > 0.5) & below] = rgb
    papered[matte < 0.5] = rgb

    clothes = numbers(dressed, matte)
    behind = numbers(papered, matte)

    assert clothes[f"clothes_{colour}"] > 0.9
    assert behind[f"behind_{colour}"] > 0.9
    others = [name for name in FEATURES if name.startswith(("clothes_", "behind_")) and colour not in name]
    plain = numbers(crop, matte)
    assert all(clothes[name] <= plain[name] + 0.02 and behind[name] <= plain[name] + 0.02 for name in others)


@pytest.mark.parametrize(
    "rgb",
    [
        (245, 222, 205),
        (224, 172, 125),
        (165, 105, 70),
        (92, 58, 40),
        (45, 28, 22),
        (215, 175, 105),
        (37, 41, 52),  # black hair in cool light
    ],
)
def test_the_colour_of_skin_and_hair_changes_nothing(rgb: tuple[int, int, int]) -> None:
    crop, matte, _landmarks = framed()
    before = numbers(crop, matte)
    # The whole person in shades of one colour: skin and hair, and no clothes that have another.
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None]
    shades = np.clip(grey / grey[matte > 0.5].mean() * rgb, 0, 255).astype(np.uint8)
    tinted = np.where(matte[..., None] > 0.5, shades, crop)

    after = numbers(tinted, matte)

    assert {name: after[name] for name in FEATURES if name.startswith("clothes_")} == {
        "clothes_red": 0.0,
        "clothes_yellow": 0.0,
        "clothes_green": 0.0,
        "clothes_blue": 0.0,
    }
    for name in ("tilt", "gaze", "smile", "brows", "eyes"):
        assert after[name] == pytest.approx(before[name], abs=1.5 * TOLERANCE[name])


@pytest.mark.parametrize("lighter", SKINS.values(), ids=SKINS)
def test_the_lightness_of_the_skin_alone_changes_nothing(lighter: float) -> None:
    crop, matte, landmarks = framed()
    before, after = numbers(crop, matte), numbers(with_skin(crop, landmarks, lighter), matte)
    for name in FEATURES:
        assert after[name] == pytest.approx(before[name], abs=TOLERANCE.get(name, 0.01)), name


@pytest.mark.parametrize(
    "gains", [(7 / 6, 1, 5 / 6), (5 / 6, 1, 7 / 6), (5 / 6, 7 / 6, 5 / 6), (7 / 6, 5 / 6, 7 / 6)]
)
def test_a_grey_picture_has_no_colours_in_warm_or_cool_light(gains: tuple[float, float, float]) -> None:
    crop, matte, _landmarks = framed()
    grey = np.repeat(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    cast = np.clip(grey * 0.85 * np.array(gains), 0, 255).astype(np.uint8)
    found = numbers(cast, matte)
    assert [name for name, value in found.items() if name.startswith(("clothes_", "behind_")) and value] == []


def test_thirteen_numbers_are_kept_and_nothing_else() -> None:
    crop, matte, _landmarks = framed()
    kept = numbers(crop, matte)
    assert tuple(kept) == FEATURES
    assert len(kept) == 13
    assert all(isinstance(value, float) and round(value, 3) == value for value in kept.values())
