"""The rules of the look: a file that is whole, points within a fifth of the quiz, and no side that counts more."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from dormitory.look.rules import by_symbol, rules, seen
from dormitory.look.words import in_words
from dormitory.models import House
from dormitory.sorting import winner
from portrait.engine.photo.readings import FEATURES
from tests.dormitory.test_sorting_rule import Forbidden

Readings = st.fixed_dictionaries({name: st.floats(-30, 30) for name in FEATURES})
# Everything at once, as much as there can be.
ALL = dict.fromkeys(FEATURES, 30.0)


def test_each_feature_has_one_rule_and_each_rule_a_house() -> None:
    assert sorted(rule.feature for rule in rules()) == sorted(FEATURES)
    assert {rule.symbol for rule in rules()} == {"flame", "wheat", "wave", "star"} < set(House.Symbol.values)
    assert all(0 < rule.start < rule.full and rule.tenths > 0 for rule in rules())


@given(Readings, st.integers(2, 40))
def test_the_picture_adds_at_most_a_fifth_of_the_quizs_points(readings: dict[str, float], quiz: int) -> None:
    assert sum(one.tenths for one in seen(readings, quiz)) * 5 <= 10 * quiz


@given(Readings)
def test_a_mirrored_picture_is_worth_the_same(readings: dict[str, float]) -> None:
    mirrored = {**readings, "tilt": -readings["tilt"], "gaze": -readings["gaze"]}
    assert by_symbol(seen(mirrored, 12)) == by_symbol(seen(readings, 12))
    sides = {one.feature: one.side for one in seen(readings, 12)}
    assert {one.feature: -one.side for one in seen(mirrored, 12)} == sides


def test_an_ordinary_picture_is_worth_nothing() -> None:
    assert seen(dict.fromkeys(FEATURES, 0.0), 12) == []
    assert seen({}, 12) == []


def test_a_reading_counts_more_the_clearer_it_is() -> None:
    worth = [by_symbol(seen({"tilt": degrees}, 12)).get("wave", 0) for degrees in (5, 6, 7.5, 9, 10, 28)]
    assert worth == [0, 1, 4, 6, 8, 8]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_there_are_words_for_everything_that_can_be_seen(language: str) -> None:
    left = {**ALL, "tilt": -30.0, "gaze": -30.0}
    with translation.override(language):
        told = [in_words(one) for readings in (ALL, left) for one in seen(readings, 40)]
    assert len(told) == 26
    assert len(set(told)) == 15


def test_the_words_name_the_side_of_the_picture() -> None:
    with translation.override("en"):
        assert [in_words(one) for one in seen({"tilt": -12, "clothes_green": 0.9}, 12)] == [
            "your head leans to the left of the picture",
            "green in your clothes",
        ]


def test_the_picture_breaks_a_tie_of_the_quiz() -> None:
    assert winner({1: 5, 2: 5, 3: 1}, Forbidden(), {2: 1}) == 2
    # The sums are equal: more of the second one's comes from the picture.
    assert winner({1: 5, 2: 4}, Forbidden(), {2: 10}) == 2
