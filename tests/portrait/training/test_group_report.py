"""The report of a motion model by groups of people: tones, labels and means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from portrait.engine.photo.landmarks import EYE_RINGS
from portrait.training.errors import TrainingDataError
from portrait.training.motion.group_report import (
    CHEEKS,
    TONES,
    ClipMetrics,
    eye_height,
    group_table,
    read_labels,
    skin_tone,
)


def points() -> np.ndarray:
    """Landmarks whose cheeks are two squares of 40 pixels."""
    out = np.zeros((468, 2))
    for cheek, left in zip(CHEEKS, (60, 160), strict=True):
        out[cheek] = np.array([[left, 120], [left + 40, 120], [left + 40, 160], [left, 160], [left, 140]])
    return out


@pytest.mark.parametrize(
    ("grey", "tone"), [(30, "darkest"), (85, "dark"), (110, "medium dark"), (160, "light"), (230, "lightest")]
)
def test_the_tone_is_the_lightness_of_the_cheeks(grey: int, tone: str) -> None:
    picture = np.full((256, 256, 3), 128, np.uint8)
    picture[118:163, 58:203] = grey

    assert skin_tone(picture, points()) == tone


def test_there_are_six_tones() -> None:
    assert len(TONES) == 6


def test_the_height_of_an_eye_is_relative_to_its_width() -> None:
    face = np.zeros((468, 2))
    for ring, factor in zip(EYE_RINGS, (1.0, 3.0), strict=True):
        angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        face[ring] = np.stack([factor * np.cos(angle), factor * 0.4 * np.sin(angle)], 1)
    open_eyes = eye_height(face)
    face[:, 1] /= 4

    assert eye_height(face) == pytest.approx(open_eyes / 4)


def test_a_group_is_compared_with_the_mean_of_all() -> None:
    def clip(name: str, groups: tuple[str, ...], closure: float, akd: float) -> ClipMetrics:
        return ClipMetrics(name, groups, {"closure": closure, "akd": akd, "identity": 0.1})

    clips = [clip("a", ("x",), 0.9, 1.0), clip("b", ("x", "y"), 0.7, 3.0), clip("c", (), np.nan, 2.0)]

    everyone, x, y = group_table(clips)

    assert (everyone[0], everyone[1]) == ("all", 3)
    assert everyone[2]["closure"] == pytest.approx(0.8)
    assert (x[0], x[1], y[0], y[1]) == ("x", 2, "y", 1)
    # Of the opening 0.2 is left on average, and 0.3 of y's.
    assert y[3]["closure"] == pytest.approx(1.5)
    assert y[3]["akd"] == pytest.approx(1.5)


def test_the_committed_labels_name_a_clip_once_and_an_age_for_each() -> None:
    labels = read_labels()

    assert len(labels) > 40
    for groups in labels.values():
        assert len({"child", "adult", "older"} & set(groups)) == 1
        assert len({"glasses", "no glasses"} & set(groups)) == 1
        assert len({"beard", "no beard"} & set(groups)) == 1


def test_a_table_of_labels_without_its_columns_is_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.tsv"
    path.write_text("clip\tgroup\nc001\tadult\n")

    with pytest.raises(TrainingDataError, match=r"labels\.tsv"):
        read_labels(path)
