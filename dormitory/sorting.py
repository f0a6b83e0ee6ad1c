"""The sorting rule: pure functions of house ids, without database or request."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

ANSWER_POINTS = 1
PREFERENCE_POINTS = 2


def tally(*, answers: Iterable[int], preferred: int, houses: Iterable[int]) -> dict[int, int]:
    """The score of each of ``houses``, in their order; houses that were not chosen have 0.

    ``answers`` are the houses of the chosen answers, one point each; ``preferred`` gets two more.
    Raises KeyError for a house that is not among ``houses``.
    """
    scores = dict.fromkeys(houses, 0)
    for house in answers:
        scores[house] += ANSWER_POINTS
    scores[preferred] += PREFERENCE_POINTS
    return scores


def winner(scores: Mapping[int, int], chance: random.Random) -> int:
    """The house with the highest score; ``chance`` decides ties and is not used otherwise.

    Raises ValueError without any house.
    """
    highest = max(scores.values())
    # Sorted by id, so that a seeded ``chance`` gives the same house for any order of the scores.
    leaders = sorted(house for house, score in scores.items() if score == highest)
    return leaders[0] if len(leaders) == 1 else chance.choice(leaders)
