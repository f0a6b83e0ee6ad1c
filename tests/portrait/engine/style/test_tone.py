"""Tones: paintings have the painter's contrast, and dark faces stay dark."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from portrait.engine.options import EngineOptions
from portrait.engine.photo.crop import crop_face
from portrait.engine.photo.face_detection import find_face
from portrait.engine.photo.picture import Picture
from portrait.engine.pipeline import Engine
from portrait.engine.request import ORDERS
from portrait.engine.style.catalogue import Style, list_styles
from portrait.engine.style.tone import luma_deviation, luma_of_face, steeper, tone_curve
from tests.portrait.pictures import astronaut


@cache
def engine() -> Engine:
    return Engine(EngineOptions(device="cpu"))


def clip(photo: Picture, style: str, order: str) -> list[Picture]:
    """A few frames of a portrait of 256 pixels."""
    subject = engine().subject(crop_face(photo, find_face(photo), 256))
    return list(
        engine().frames(engine().painted(subject, style), engine().motion("nod").only((0, 12, 30)), order)
    )


def darker(picture: Picture, factor: float) -> Picture:
    return np.rint(picture * factor).astype(np.uint8)


@cache
def face() -> Picture:
    return np.ascontiguousarray(astronaut()[20:276, 90:346])


@pytest.mark.parametrize("style", [style.slug for style in list_styles()])
def test_a_dark_face_is_painted_darker_in_every_style(style: str) -> None:
    dark = darker(face(), 0.3)

    light, forgotten = engine().painter.paint(np.stack([face(), dark]), style)
    kept = tone_curve(dark, forgotten)[forgotten]

    # Without the curve both come out nearly alike: that is what instance normalization does.
    assert luma_of_face(forgotten) > 0.9 * luma_of_face(light)
    assert luma_of_face(kept) < 0.85 * luma_of_face(light)


@pytest.mark.parametrize("style", [style.slug for style in list_styles()])
def test_a_face_of_usual_brightness_keeps_its_painting_to_the_bit_where_that_is_no_darker(style: str) -> None:
    painting = engine().painter.paint(face()[None], style)[0]
    curve = tone_curve(face(), painting)

    assert luma_of_face(face()) > 110 / 255
    if luma_of_face(painting) >= luma_of_face(face()):
        assert np.array_equal(curve, np.arange(256))
    else:
        assert luma_of_face(painting) < luma_of_face(curve[painting]) < luma_of_face(face())


def test_half_of_what_a_dark_palette_took_off_a_face_is_restored() -> None:
    """In stops: a face of 128 painted as 64 comes back to 64 * sqrt(2), but no more than 1.4 times as light."""
    photo = np.full((64, 64, 3), 128, np.uint8)
    half, dark = np.full_like(photo, 80), np.full_like(photo, 40)

    assert tone_curve(photo, half)[80] == pytest.approx(80 * (128 / 80) ** 0.5, abs=1)
    assert tone_curve(photo, dark)[40] == pytest.approx(56, abs=1)


def test_a_dark_photo_makes_no_painting_darker_than_itself() -> None:
    photo, painting = np.full((64, 64, 3), 60, np.uint8), np.full((64, 64, 3), 64, np.uint8)

    assert tone_curve(photo, painting)[64] == pytest.approx(60, abs=1)


@pytest.mark.parametrize("style", list_styles(), ids=lambda style: style.slug)
def test_contrast_that_is_missing_comes_nearer_to_the_painters_own(style: Style) -> None:
    painting = engine().painter.paint(face()[None], style.slug)[0]
    assert style.contrast is not None
    # As weak as a network that was trained for a short time paints it.
    weak = 0.6 * style.contrast / luma_deviation(painting)
    painting = np.rint(128 + (painting - 128.0) * min(weak, 1.0)).astype(np.uint8)

    toned = tone_curve(face(), painting, style.contrast)[painting]

    before, after = (style.contrast - luma_deviation(picture) for picture in (painting, toned))
    assert abs(after) < 0.8 * before if before > 0.01 else after <= before + 0.01


def test_contrast_that_is_there_already_is_not_taken_away() -> None:
    painting = engine().painter.paint(face()[None], "udnie")[0]

    assert np.array_equal(tone_curve(painting, painting, 0.01), np.arange(256))


def test_the_same_curve_serves_a_whole_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    curves = []
    tones = engine().painter.tones

    def seen(*args: Any) -> NDArray[np.uint8]:
        curves.append(tones(*args))
        return curves[-1]

    monkeypatch.setattr(engine().painter, "tones", seen)
    for order in ORDERS:
        clip(darker(astronaut(), 0.35), "the-scream", order)

    assert len(curves) == len(ORDERS)
    assert not np.array_equal(curves[0], np.arange(256))


@pytest.mark.parametrize(("middle", "slope"), [(0.1, 1.6), (0.5, 1.3), (0.9, 1.6), (0.4, 1.0)])
def test_a_steeper_curve_keeps_its_ends_and_its_middle(middle: float, slope: float) -> None:
    values = np.array([0.0, middle, 1.0])
    near = np.array([middle - 1e-4, middle + 1e-4])

    assert steeper(values, middle, slope) == pytest.approx(values)
    assert np.diff(steeper(near, middle, slope))[0] / 2e-4 == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize("fill", [0, 255])
def test_a_painting_of_one_colour_is_left_alone(fill: int) -> None:
    painting = np.full((64, 64, 3), fill, np.uint8)

    assert np.array_equal(tone_curve(darker(face(), 0.2), painting, 0.2), np.arange(256))


def test_the_curve_keeps_black_white_and_the_order_of_values() -> None:
    curve = tone_curve(darker(face(), 0.1), face(), 0.3).astype(int)

    assert curve[0] == 0
    assert curve[255] == 255
    assert (np.diff(curve) >= 0).all()


@pytest.mark.parametrize("order", ORDERS)
def test_the_portrait_of_a_dark_photo_is_darker(order: str) -> None:
    first = [clip(darker(astronaut(), factor), "great-wave", order)[0] for factor in (1.0, 0.35)]

    assert luma_of_face(first[1]) < 0.85 * luma_of_face(first[0])
