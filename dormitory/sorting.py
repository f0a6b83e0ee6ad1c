"""The sorting rule: pure functions of house ids, which know neither database nor request."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

ANSWER_POINTS = 1
PREFERENCE_POINTS = 2


def tally(*, answers: Iterable[int], preferred: int, houses: Iterable[int]) -> dict[int, int]:
    """The score of each of ``houses``, in their order; houses that nobody chose have 0.

    ``answers`` are the houses that the chosen answers speak for, one point each; ``preferred`` gets two more.
    Raises KeyError for a house that is not among ``houses``.
    """
    scores = dict.fromkeys(houses, 0)
    for house in answers:
        scores[house] += ANSWER_POINTS
    scores[preferred] += PREFERENCE_POINTS
    return scores


def winner(scores: Mapping[int, int], chance: random.Random) -> int:
    """The house with the highest score; ``chance`` decides among those that share it, and is not asked otherwise.

    Raises ValueError without any house.
    """
    highest = max(scores.values())
    # In the order of ids, so that the same chance gives the same house however the scores were put together.
    leaders = sorted(house for house, score in scores.items() if score == highest)
    return leaders[0] if len(leaders) == 1 else chance.choice(leaders)
