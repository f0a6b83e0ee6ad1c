"""What the readings of a picture are worth: ``rules.json``, applied. Pure functions, without database or request.

Points are counted in tenths, whole numbers, so that sums are exact and a tie is one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dormitory.sorting import LOOK_UNIT

FILE = Path(__file__).with_name("rules.json")
# The picture adds at most this part of the quiz's points: one fifth.
SHARE = 5
TENTHS = LOOK_UNIT


@dataclass(frozen=True)
class Rule:
    """``feature`` gives nothing up to ``start`` and ``tenths`` of points from ``full`` on, to houses with ``symbol``.

    ``sided``: the reading's sign is the side, and its size counts, so that a mirrored picture is worth the same.
    """

    feature: str
    start: float
    full: float
    tenths: int
    symbol: str
    sided: bool

    def worth(self, reading: float) -> float:
        """Tenths of points, not yet rounded."""
        size = abs(reading) if self.sided else reading
        return self.tenths * min(1.0, max(0.0, (size - self.start) / (self.full - self.start)))


@dataclass(frozen=True)
class Seen:
    """What a rule found: ``tenths`` of points for ``symbol``.

    ``side``: -1 the picture's left, 1 its right, 0 neither.
    """

    feature: str
    symbol: str
    side: int
    tenths: int

    @property
    def points(self) -> float:
        """``tenths`` in whole points."""
        return self.tenths / TENTHS


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of ``rules.json``, in its order."""
    return tuple(_rule(entry) for entry in json.loads(FILE.read_text(encoding="utf-8")))


def _rule(entry: Mapping[str, Any]) -> Rule:
    return Rule(
        feature=entry["feature"],
        start=entry["from"],
        full=entry["full"],
        tenths=round(TENTHS * entry["points"]),
        symbol=entry["symbol"],
        sided=entry["sided"],
    )


def seen(readings: Mapping[str, float], quiz_points: int) -> list[Seen]:
    """What gives points in a picture, with at most a fifth of ``quiz_points`` in all; beyond that all are reduced."""
    found = [(rule, rule.worth(readings.get(rule.feature, 0.0))) for rule in rules()]
    most = TENTHS * quiz_points / SHARE
    whole = sum(worth for _rule, worth in found)
    scale = min(1.0, most / whole) if whole else 1.0
    told = [
        Seen(rule.feature, rule.symbol, _side(rule, readings), int(worth * scale + 1e-9))
        for rule, worth in found
    ]
    return [one for one in told if one.tenths]


def by_symbol(found: Sequence[Seen]) -> dict[str, int]:
    """The tenths of points of each symbol that has some."""
    sums: dict[str, int] = {}
    for one in found:
        sums[one.symbol] = sums.get(one.symbol, 0) + one.tenths
    return sums


def _side(rule: Rule, readings: Mapping[str, float]) -> int:
    if not rule.sided:
        return 0
    return 1 if readings.get(rule.feature, 0.0) > 0 else -1
