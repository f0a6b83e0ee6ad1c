"""The page for a projector: a signed key opens the newest portraits of the school or of a house without an account.

The key is behind the ``#`` of the link, which no browser sends and no log keeps; the page sends it in a header.
"""

from __future__ import annotations

import datetime
import json
from typing import Any

from django.core import signing
from django.http import HttpRequest
from django.utils import timezone

from common.fields import origin
from dormitory.models import House
from lounge.gallery import house_document, painted
from lounge.tiles import tiles

# A weekend with the days before it.
LIFETIME = datetime.timedelta(days=7)
# Portraits that the page shows in turns.
SHOWN = 60
SCHEME = "Wall "
_SCHOOL = "school"
_signer = signing.TimestampSigner(salt="lounge.wall")


class KeyInvalid(Exception):
    """The key was not signed here, or it is older than ``LIFETIME``."""


def make_key(house: House | None = None) -> str:
    """A key to the portraits of the house, or of the whole school."""
    return _signer.sign(_SCHOOL if house is None else str(house.pk))


def house_of_key(request: HttpRequest) -> int | None:
    """The house whose portraits the key of the request opens; None for all. Raises KeyInvalid."""
    sent = request.headers.get("Authorization", "")
    if not sent.startswith(SCHEME):
        raise KeyInvalid
    try:
        opened = _signer.unsign(sent.removeprefix(SCHEME), max_age=LIFETIME)
    except signing.BadSignature as error:
        raise KeyInvalid from error
    return None if opened == _SCHOOL else int(opened)


def wall_json(request: HttpRequest, house: int | None, since: datetime.datetime | None) -> bytes:
    """The newest portraits, or those that are newer than ``since``. Two queries."""
    now = timezone.now()
    students = painted(since)
    if house is not None:
        students = students.filter(house=house)
    rows = students.order_by("-portrait_at", "-pk").values_list(
        "pk", "fullname", "house_id", "portrait", "poster", "tile", "live", "portrait_at"
    )[:SHOWN]
    houses = {found.pk: house_document(found) for found in House.objects.all()}
    base = origin(request)
    students_shown: list[dict[str, Any]] = [
        {
            "id": pk,
            "fullname": fullname,
            "house": houses[house_id],
            "portrait": tiles(portrait, poster, tile, live, base=base),
            "portrait_at": at.isoformat(),
        }
        for pk, fullname, house_id, portrait, poster, tile, live, at in rows
    ]
    return json.dumps({"as_of": now.isoformat(), "results": students_shown}, ensure_ascii=False).encode()
