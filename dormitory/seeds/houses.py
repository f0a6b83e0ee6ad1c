"""The houses of a newly seeded database. A further house is one more entry, and an answer to each question."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HouseSeed:
    """What ``manage.py seed`` writes for one house; ``names`` and ``description`` are by language code."""

    id: int
    name: str
    names: dict[str, str]
    colour: str
    symbol: str
    description: dict[str, str]


# Ids 1 to 4 are part of the JSON contract.
HOUSES = (
    HouseSeed(
        1,
        "Gryffindor",
        {"ko": "그리핀도르"},
        "#8c1d2f",
        "flame",
        {
            "ko": "두려워도 한 걸음 내딛는 사람들의 집. 벽난로는 늘 타오르고, 문은 늦은 밤에도 열려 있습니다.",
            "en": (
                "For those who are afraid and take the step all the same. "
                "The hearth burns all night, the door is open."
            ),
        },
    ),
    HouseSeed(
        2,
        "Hufflepuff",
        {"ko": "후플푸프"},
        "#b8860b",
        "wheat",
        {
            "ko": "끝까지 남아 함께 일하는 사람들의 집. 부엌 옆이라 언제나 갓 구운 빵 냄새가 납니다.",
            "en": (
                "For those who stay until the work is done and share the bread. "
                "The kitchen is next door, and one can tell."
            ),
        },
    ),
    HouseSeed(
        3,
        "Slytherin",
        {"ko": "슬리데린"},
        "#1f5f45",
        "wave",
        {
            "ko": "원하는 것을 알고 길을 찾아내는 사람들의 집. 호수 밑 창으로 물빛이 비칩니다.",
            "en": (
                "For those who know what they want and find the way there. "
                "The lake lends its light to the windows."
            ),
        },
    ),
    HouseSeed(
        4,
        "Ravenclaw",
        {"ko": "래번클로"},
        "#27478f",
        "star",
        {
            "ko": "대답보다 질문을 더 좋아하는 사람들의 집. 탑 꼭대기라 별이 가장 먼저 보입니다.",
            "en": (
                "For those who like a question better than its answer. "
                "Top of the tower, first in line for the stars."
            ),
        },
    ),
)
