from __future__ import annotations

import random

from hypothesis import assume, given
from hypothesis import strategies as st

from dormitory.sorting import tally, winner

Houses = st.lists(st.integers(1, 10_000), min_size=1, max_size=9, unique=True)
Scores = st.dictionaries(st.integers(1, 10_000), st.integers(0, 30), min_size=1, max_size=9)


@st.composite
def sortings(draw: st.DrawFn) -> tuple[list[int], list[int], int]:
    """Houses, the houses of the chosen answers, and the preferred house."""
    houses = draw(Houses)
    answers = draw(st.lists(st.sampled_from(houses), max_size=40))
    return houses, answers, draw(st.sampled_from(houses))


class Forbidden(random.Random):
    """A generator that must not be used."""

    def getrandbits(self, k: int, /) -> int:
        raise AssertionError("there is nothing to decide")

    random = getrandbits  # type: ignore[assignment]


@given(sortings())
def test_points_are_one_per_answer_and_two_for_the_preference(
    sorting: tuple[list[int], list[int], int],
) -> None:
    houses, answers, preferred = sorting
    scores = tally(answers=answers, preferred=preferred, houses=houses)
    assert sum(scores.values()) == len(answers) + 2
    assert list(scores) == houses
    assert scores == {house: answers.count(house) + 2 * (house == preferred) for house in houses}


@given(sortings(), st.randoms(use_true_random=False))
def test_the_order_of_the_answers_does_not_matter(
    sorting: tuple[list[int], list[int], int], shuffle: random.Random
) -> None:
    houses, answers, preferred = sorting
    shuffled = shuffle.sample(answers, len(answers))
    first = tally(answers=answers, preferred=preferred, houses=houses)
    second = tally(answers=shuffled, preferred=preferred, houses=shuffle.sample(houses, len(houses)))
    assert first == second
    assert winner(first, random.Random(7)) == winner(second, random.Random(7))


@given(Scores, st.integers())
def test_the_winner_is_among_those_with_the_highest_score(scores: dict[int, int], seed: int) -> None:
    assert scores[winner(scores, random.Random(seed))] == max(scores.values())


@given(Scores)
def test_a_clear_winner_is_not_left_to_chance(scores: dict[int, int]) -> None:
    best = max(scores.values())
    leaders = [house for house, score in scores.items() if score == best]
    assume(len(leaders) == 1)
    assert winner(scores, Forbidden()) == leaders[0]


@given(Scores)
def test_every_leader_of_a_tie_can_win_and_nobody_else(scores: dict[int, int]) -> None:
    best = max(scores.values())
    leaders = {house for house, score in scores.items() if score == best}
    chance = random.Random(1)
    # 400 draws miss one of nine leaders with a probability below 1e-19.
    assert {winner(scores, chance) for _ in range(400)} == leaders


@given(sortings())
def test_preferring_a_house_never_lowers_its_score(sorting: tuple[list[int], list[int], int]) -> None:
    houses, answers, preferred = sorting
    scores = tally(answers=answers, preferred=preferred, houses=houses)
    for other in houses:
        elsewhere = tally(answers=answers, preferred=other, houses=houses)
        assert scores[preferred] == elsewhere[preferred] + (0 if other == preferred else 2)


@given(Houses, st.data())
def test_any_house_can_be_reached_by_answers_alone(houses: list[int], data: st.DataObject) -> None:
    wanted = data.draw(st.sampled_from(houses))
    preferred = data.draw(st.sampled_from(houses))
    scores = tally(answers=[wanted] * 3, preferred=preferred, houses=houses)
    assert winner(scores, Forbidden()) == wanted


def test_a_tie_is_decided_evenly() -> None:
    chance = random.Random(3)
    draws = [winner({1: 5, 2: 5, 3: 4}, chance) for _ in range(4000)]
    # 4000 throws of a fair coin stay within six standard deviations (32 each) of 2000.
    assert abs(draws.count(1) - 2000) < 192
    assert draws.count(3) == 0
