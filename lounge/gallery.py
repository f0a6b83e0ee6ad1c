"""The gallery: everyone in the school, page by page, newest portraits first or in a random order that stays.

A cursor names the student after whom the next page begins, so that no page repeats or leaves out anybody while others
join. Written out as JSON here, because the framework's fields cost several times as much as the query.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, ExpressionWrapper, F, Q, QuerySet, Value
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from common.fields import origin
from common.prepared import Prepared
from dormitory.models import House
from lounge.pagination import BoardPagination, no_such_page
from lounge.selectors import members
from lounge.tiles import tiles
from user.models import User

NEWEST, RANDOM = "newest", "random"
# A prime: products of two remainders fit into the integers of every database.
_PRIME = 2**31 - 1

_COLUMNS = ("pk", "fullname", "house_id", "portrait", "poster", "tile", "live", "portrait_at", "join_date")
_HOUSES = Prepared(lambda: House.objects.order_by("id"))


@dataclass(frozen=True)
class Wanted:
    """Which students, in which order: ``seed`` chooses one of the random orders."""

    name: str = ""
    house: int | None = None
    order: str = NEWEST
    seed: int = 0


def gallery_json(request: Request, wanted: Wanted) -> bytes:
    """A page as JSON; GalleryPageSerializer describes it. Two queries.

    Raises ``ValidationError`` (400) ``invalid_cursor`` or ``invalid_page_size``.
    """
    size = BoardPagination().get_page_size(request)
    students, place = _ordered(wanted)
    if after := request.query_params.get("cursor"):
        students = students.filter(_behind(place, after))
    # One more shows whether there is another page.
    columns = _COLUMNS if place in _COLUMNS else (*_COLUMNS, place)
    rows = list(students.values_list(*columns)[: size + 1])
    following = None
    if len(rows) > size:
        del rows[size:]
        cursor = _cursor(rows[-1][columns.index(place)], rows[-1][0])
        following = replace_query_param(request.build_absolute_uri(), "cursor", cursor)
    base = origin(request)
    houses = {house.pk: house_document(house) for house in _HOUSES.all()}
    page = {
        "next": following,
        "as_of": timezone.localtime().isoformat(),
        "results": [_student(row, houses, base) for row in rows],
    }
    return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()


def painted(since: datetime.datetime | None = None) -> QuerySet[User]:
    """The students with a finished portrait; those alone that was made or chosen after ``since``."""
    students = members().exclude(portrait="")
    return students if since is None else students.filter(portrait_at__gt=since)


def _ordered(wanted: Wanted) -> tuple[QuerySet[User], str]:
    """The students, and the name of the column that they are sorted by; those with equal values by id."""
    students = members()
    if wanted.name:
        students = students.filter(fullname__icontains=wanted.name)
    if wanted.house is not None:
        students = students.filter(house=wanted.house)
    if wanted.order == NEWEST:
        return students.order_by("-portrait_at", "-pk"), "portrait_at"
    return students.annotate(rank=_rank(wanted.seed)).order_by("-rank", "-pk"), "rank"


def _rank(seed: int) -> ExpressionWrapper:
    """A number of each student that ``seed`` decides: the remainder of a square, which has no visible order."""
    digest = hashlib.sha256(str(seed).encode()).digest()
    factor = int.from_bytes(digest[:4]) % (_PRIME - 1) + 1
    shift = int.from_bytes(digest[4:8]) % _PRIME

    def big(expression: Any) -> ExpressionWrapper:
        return ExpressionWrapper(expression, output_field=BigIntegerField())

    spread = big((big(F("pk")) * Value(factor) + Value(shift)) % Value(_PRIME))
    return big(spread * spread % Value(_PRIME))


def _cursor(position: datetime.datetime | int, pk: int) -> str:
    text = position.isoformat() if isinstance(position, datetime.datetime) else position
    return base64.urlsafe_b64encode(json.dumps([text, pk]).encode()).decode()


def _behind(place: str, cursor: str) -> Q:
    """The students behind the one that ``cursor`` names. Raises ``ValidationError`` (400) ``invalid_cursor``."""
    try:
        text, pk = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        position = parse_datetime(text) if place == "portrait_at" else _whole(text)
        if position is None or (isinstance(position, datetime.datetime) and timezone.is_naive(position)):
            raise ValueError(text)
        if isinstance(position, datetime.datetime):
            # The database compares in UTC, in which the first and the last day of the calendar may not exist.
            position = position.astimezone(datetime.UTC)
        return Q(**{f"{place}__lt": position}) | Q(**{place: position, "pk__lt": _whole(pk)})
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        raise no_such_page() from None


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise ValueError(value)
    return value


def house_document(house: House) -> dict[str, Any]:
    """A house as the gallery and the wall name it; HouseNameSerializer describes it."""
    return {"id": house.pk, "name": house.name, "local_name": house.local_name, "colour": house.colour}


def _student(row: tuple[Any, ...], houses: dict[int, dict[str, Any]], base: str) -> dict[str, Any]:
    """All that the gallery tells about a student."""
    pk, fullname, house, portrait, poster, tile, live, since, joined, *_rank = row
    return {
        "id": pk,
        "fullname": fullname,
        "house": houses[house],
        "portrait": tiles(portrait, poster, tile, live, base=base),
        "portrait_at": timezone.localtime(since).isoformat() if portrait else None,
        "joined": joined.isoformat() if joined else None,
    }
