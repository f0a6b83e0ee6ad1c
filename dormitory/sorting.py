"""The sorting rule: pure functions of house ids, without database or request."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

ANSWER_POINTS = 1
PREFERENCE_POINTS = 2
# The picture's points are counted in this many parts of one.
LOOK_UNIT = 10


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


def winner(scores: Mapping[int, int], chance: random.Random, looks: Mapping[int, int] | None = None) -> int:
    """The house with the highest score; ``chance`` decides ties and is not used otherwise.

    ``looks``: what the picture adds to each house, in tenths of the score's points. With it the sum decides, of equal
    sums that with more from the picture, and then chance. Raises ValueError without any house.
    """
    if looks is not None:
        sums = {
            house: (LOOK_UNIT * score + looks.get(house, 0), looks.get(house, 0))
            for house, score in scores.items()
        }
        best = max(sums.values())
        scores = {house: int(both == best) for house, both in sums.items()}
    highest = max(scores.values())
    # Sorted by id, so that a seeded ``chance`` gives the same house for any order of the scores.
    leaders = sorted(house for house, score in scores.items() if score == highest)
    return leaders[0] if len(leaders) == 1 else chance.choice(leaders)
