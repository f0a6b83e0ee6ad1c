"""Who is in which house and how many entries each has written, counted at most once a second.

The counting reads a row of an index for every student and every entry. It is kept by each process for ``KEPT``
seconds, and counted again at once where the request shows that it is out of date: when the board has changed, or the
student who asks is not in it.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from common.prepared import Parameter, Prepared
from dormitory.models import House
from lounge import selectors
from lounge.board import Rows
from user.models import User

# Seconds.
KEPT = 1.0


@dataclass(frozen=True)
class Census:
    """The houses in the order of their ids; ``members`` has the ids of the students with an open account by house."""

    houses: list[House]
    members: dict[int, list[int]]
    entries: dict[int | None, int]
    board: Rows
    until: float


_MEMBERS = Prepared(lambda: selectors.members().order_by("house_id", "id").values_list("house_id", "id"))
_HOUSES = Prepared(lambda: House.objects.order_by("id"))
_kept: Census | None = None


def census(student: User, board: Rows) -> Census:
    """The counts for ``student``, who is in a house, with the ``board`` of the moment.

    At most ``KEPT`` seconds old. What the student sees of themself, and of entries on the board, is never old.
    """
    global _kept
    kept = _kept
    if (
        kept is None
        or time.monotonic() >= kept.until
        or kept.board != board
        or student.pk not in kept.members.get(student.house_id or 0, ())
    ):
        kept = _kept = _count(board)
    return kept


def forget() -> None:
    """Count again at the next request to this process."""
    global _kept
    _kept = None


def _count(board: Rows) -> Census:
    until = time.monotonic() + KEPT
    members: dict[int, list[int]] = defaultdict(list)
    for house, student in _MEMBERS.raw():
        members[house].append(student)
    return Census(_HOUSES.all(), members, selectors.entries_by_house(), board, until)


# The places of a query for the members that are shown, for each number of houses.
_shown: dict[int, Prepared[User]] = {}


def _members_by_id(places: int) -> Prepared[User]:
    if places not in _shown:
        ids: list[Any] = [Parameter(f"id{place}", User._meta.pk) for place in range(places)]
        _shown[places] = Prepared(
            lambda: (
                selectors.members()
                .filter(pk__in=ids)
                .only("fullname", "portrait", "poster", "tile", "live", "house_id")
            )
        )
    return _shown[places]


def random_members(census: Census, besides: User) -> dict[int, list[User]]:
    """Up to ``MEMBERS_SHOWN`` members of each house in random order, ``besides`` never among them, by house id.

    Every choice is equally likely among the members of the census. Their records are those of the moment: one who has
    left meanwhile is not shown.
    """
    drawn: list[int] = []
    for house in census.houses:
        ids = census.members.get(house.pk, [])
        # One more, in case that the student is drawn.
        some = random.sample(ids, min(selectors.MEMBERS_SHOWN + 1, len(ids)))
        drawn += [pk for pk in some if pk != besides.pk][: selectors.MEMBERS_SHOWN]
    places = selectors.MEMBERS_SHOWN * len(census.houses)
    # The query has a fixed number of places; no student has the id 0.
    padded = drawn + [0] * (places - len(drawn))
    found = _members_by_id(places).all(**{f"id{place}": pk for place, pk in enumerate(padded)})
    random.shuffle(found)
    by_house: dict[int, list[User]] = {house.pk: [] for house in census.houses}
    for student in found:
        if student.house_id in by_house and len(by_house[student.house_id]) < selectors.MEMBERS_SHOWN:
            by_house[student.house_id].append(student)
    return by_house
