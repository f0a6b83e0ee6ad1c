"""Dark faces stay dark: a painting follows the key of its photo."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pytest
from PIL import Image

from portrait.engine.options import ORDERS, EngineOptions
from portrait.engine.photo import Picture
from portrait.engine.pipeline import Engine
from portrait.engine.style.tone import luma_of_face, tone_curve
from tests.portrait.pictures import astronaut, encoded


@cache
def engine() -> Engine:
    return Engine(EngineOptions(device="cpu"))


def darker(picture: Picture, factor: float) -> Picture:
    return np.rint(picture * factor).astype(np.uint8)


@cache
def face() -> Picture:
    return np.ascontiguousarray(astronaut()[20:276, 90:346])


@pytest.mark.parametrize("style", engine().styles)
def test_a_dark_face_is_painted_darker_in_every_style(style: str) -> None:
    dark = darker(face(), 0.3)

    light, forgotten = engine().painter.paint(np.stack([face(), dark]), style)
    kept = tone_curve(dark, forgotten)[forgotten]

    # Without the curve both come out nearly alike: that is what instance normalization does.
    assert luma_of_face(forgotten) > 0.9 * luma_of_face(light)
    assert luma_of_face(kept) < 0.85 * luma_of_face(light)


@pytest.mark.parametrize("style", engine().styles)
def test_a_face_of_usual_brightness_keeps_its_painting_to_the_bit(style: str) -> None:
    painting = engine().painter.paint(face()[None], style)[0]

    assert luma_of_face(face()) > 110 / 255
    assert np.array_equal(tone_curve(face(), painting), np.arange(256))


@pytest.mark.parametrize("fill", [0, 255])
def test_a_painting_of_one_colour_is_left_alone(fill: int) -> None:
    painting = np.full((64, 64, 3), fill, np.uint8)

    assert np.array_equal(tone_curve(darker(face(), 0.2), painting), np.arange(256))


def test_the_curve_keeps_black_white_and_the_order_of_values() -> None:
    curve = tone_curve(darker(face(), 0.1), face()).astype(int)

    assert curve[0] == 0
    assert curve[255] == 255
    assert (np.diff(curve) >= 0).all()


@pytest.mark.parametrize("order", ORDERS)
def test_the_portrait_of_a_dark_photo_is_darker(order: str) -> None:
    lumas = []
    for factor in (1.0, 0.35):
        photo = encoded(darker(astronaut(), factor), "PNG")
        files = engine().make_portrait(photo, "great-wave", "nod", order, seed=1)
        with Image.open(io.BytesIO(files.poster)) as poster:
            lumas.append(luma_of_face(np.asarray(poster.convert("RGB"))))

    assert lumas[1] < 0.85 * lumas[0]
