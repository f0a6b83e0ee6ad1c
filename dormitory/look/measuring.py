"""Whether the look treats people alike: readings of altered copies, and the houses' shares by the tone of the skin.

A tool for developers on pictures of their own. Nothing of it runs in the service, which never measures skin.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dormitory.look.rules import by_symbol, rules, seen
from portrait.engine.photo.crop import crop_face
from portrait.engine.photo.decoding import read_photo
from portrait.engine.photo.face_detection import face_detector
from portrait.engine.photo.landmarks import FaceLandmarks, face_landmarks
from portrait.engine.photo.matte import person_matte
from portrait.engine.photo.picture import Picture
from portrait.engine.photo.readings import FEATURES, SIDED, read
from portrait.engine.photo.upright import upright_photo

# A usual sorting: ten answers and the preference.
ANSWERS, PREFERENCE = 10, 2
QUIZZES, PERMUTATIONS = 2000, 5000
# Copies in which the skin alone is changed: steps of lightness.
SKINS = {"darker skin": -20.0, "lighter skin": 15.0}

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Looked:
    """A picture's readings by feature, and the tone of the skin in degrees; large is light."""

    readings: dict[str, float]
    tone: float


@dataclass(frozen=True)
class Shares:
    """Of two groups of ``people`` each: the houses' shares by symbol, their difference (half the sum of the absolute
    differences) and how often a random division of the same people differs as much.
    """

    people: int
    dark: dict[str, float]
    light: dict[str, float]
    difference: float
    chance: float


def look(picture: Picture) -> Looked | None:
    """The readings of the largest face of a picture, as the worker takes them; None without a face."""
    crop = _framed(picture)
    return None if crop is None else _look_at_crop(crop)


def _framed(picture: Picture) -> Picture | None:
    """The crop of the largest face, uint8 (512, 512, 3)."""
    photo = upright_photo(picture, face_detector(None))
    return crop_face(photo.picture, photo.faces[0], 512) if photo.faces else None


def _look_at_crop(crop: Picture) -> Looked | None:
    landmarks, readings = face_landmarks(crop), read(crop, person_matte(crop))
    if landmarks is None or readings is None:
        return None
    return Looked(readings.to_json(), _tone(crop, landmarks.points))


def look_at(files: Iterable[Path]) -> list[Looked]:
    """:func:`look` at each file with a face. Raises PhotoError."""
    found = (look(read_photo(path.read_bytes())) for path in files)
    return [one for one in found if one is not None]


def copies(picture: Picture) -> Iterator[tuple[str, Picture, int]]:
    """Altered copies: what was done, the copy, and the sign by which sided readings change."""
    height, width = picture.shape[:2]
    yield "mirrored", np.ascontiguousarray(picture[:, ::-1]), -1
    trim_y, trim_x = height // 20, width // 20
    yield (
        "cropped by a tenth",
        np.ascontiguousarray(picture[trim_y : height - trim_y, trim_x : width - trim_x]),
        1,
    )
    yield "a quarter brighter", np.clip(picture * 1.25, 0, 255).astype(np.uint8), 1
    yield "a quarter darker", (picture * 0.75).astype(np.uint8), 1
    for what, gains in (("warmer", (1.1, 1, 0.9)), ("cooler", (0.9, 1, 1.1))):
        yield what, np.clip(picture * np.array(gains), 0, 255).astype(np.uint8), 1
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=60)
    yield "JPEG at 60", read_photo(out.getvalue()), 1


def with_skin(crop: Picture, landmarks: FaceLandmarks, lighter: float) -> Picture:
    """A copy of the crop, uint8 (S, S, 3), whose face without eyes and lips is lighter by steps of CIELAB's 100."""
    side = len(crop)
    where = np.zeros((side, side), np.float32)
    for polygon, value in ((landmarks.border, 1), *((one, 0) for one in (*landmarks.eyes, landmarks.mouth))):
        cv2.fillPoly(where, [np.rint(polygon * side).astype(np.int32)], value)
    lab = cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab[..., 0] = np.clip(lab[..., 0] + lighter * cv2.GaussianBlur(where, (0, 0), side / 128), 0, 100)
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255, 0, 255).astype(np.uint8)


def _altered(picture: Picture, crop: Picture) -> Iterator[tuple[str, Looked | None, int]]:
    """The readings of the picture's copies, and of those of its crop with another skin."""
    for what, copy, sign in copies(picture):
        yield what, look(copy), sign
    landmarks = face_landmarks(crop)
    if landmarks is not None:
        for what, lighter in SKINS.items():
            yield what, _look_at_crop(with_skin(crop, landmarks, lighter)), 1


def changes(pictures: Iterable[Picture]) -> dict[str, dict[str, tuple[float, float]]]:
    """By feature and copy: the median and the 95th percentile of how much the reading changes."""
    found: dict[str, dict[str, list[float]]] = {name: {} for name in FEATURES}
    for picture in pictures:
        crop = _framed(picture)
        before = None if crop is None else _look_at_crop(crop)
        if crop is None or before is None:
            continue
        for what, after, sign in _altered(picture, crop):
            if after is None:
                continue
            for name in FEATURES:
                turned = sign if name in SIDED else 1
                change = abs(turned * after.readings[name] - before.readings[name])
                found[name].setdefault(what, []).append(change)
    return {
        name: {
            what: (float(np.median(some)), float(np.quantile(some, 0.95))) for what, some in by_copy.items()
        }
        for name, by_copy in found.items()
    }


def shares(people: list[Looked], part: float) -> Shares:
    """The houses of the darkest and of the lightest ``part`` of the people, over the same random quizzes for all."""
    symbols = sorted({rule.symbol for rule in rules()})
    chances = _chances(people, symbols)
    order = np.argsort([one.tone for one in people])
    size = int(len(people) * part)
    both = np.concatenate([order[:size], order[-size:]])
    draw = np.random.default_rng(0)
    found = _difference(chances, both, size)
    as_far = sum(
        _difference(chances, draw.permutation(both), size) >= found - 1e-12 for _ in range(PERMUTATIONS)
    )
    dark, light = chances[both[:size]].mean(axis=0), chances[both[size:]].mean(axis=0)
    return Shares(
        size,
        dict(zip(symbols, map(float, dark), strict=True)),
        dict(zip(symbols, map(float, light), strict=True)),
        found,
        as_far / PERMUTATIONS,
    )


def _chances(people: list[Looked], symbols: list[str]) -> Array:
    """How probable each house is for each person, float (people, houses), over random quizzes."""
    draw = np.random.default_rng(0)
    even = [1 / len(symbols)] * len(symbols)
    quizzes = draw.multinomial(ANSWERS, even, QUIZZES) + PREFERENCE * draw.multinomial(1, even, QUIZZES)
    ties = draw.random(quizzes.shape) * 1e-6
    rows = []
    for one in people:
        worth = by_symbol(seen(one.readings, ANSWERS + PREFERENCE))
        tenths = np.array([worth.get(symbol, 0) for symbol in symbols])
        # The look breaks ties, then chance.
        winners = (10 * quizzes + tenths + 1e-3 * tenths + ties).argmax(axis=1)
        rows.append(np.bincount(winners, minlength=len(symbols)) / QUIZZES)
    return np.array(rows)


def _difference(chances: Array, both: NDArray[np.int64], size: int) -> float:
    return float(np.abs(chances[both[:size]].mean(axis=0) - chances[both[size:]].mean(axis=0)).sum() / 2)


def _tone(crop: Picture, points: Array) -> float:
    """The individual typology angle (Chardon et al., 1991) of cheeks, forehead and chin."""
    lab = cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    reach = max(1, len(crop) // 24)
    patches = []
    for x, y in np.rint(points[[50, 280, 151, 205, 425]] * len(crop)).astype(int):
        patch = lab[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach].reshape(-1, 3)
        if len(patch):
            patches.append(np.median(patch, axis=0))
    lightness, _, yellow = np.median(patches, axis=0)
    return math.degrees(math.atan2(lightness - 50, yellow))
