"""The page for a projector: a signed key opens the newest portraits of the school or of a house without an account.

The key names a :class:`lounge.models.WallLink`, which says until when it is valid. It is behind the ``#`` of the
link, which no browser sends and no log keeps; the page sends it in a header.
"""

from __future__ import annotations

import datetime
import json
from typing import Any

from django.core import signing
from django.http import HttpRequest
from django.utils import timezone

from common.fields import origin
from common.paths import path_of
from dormitory.models import House
from lounge.gallery import house_document, painted
from lounge.models import WALL_LINK_LIFETIME, WallLink
from lounge.tiles import tiles

# Portraits that the page shows in turns.
SHOWN = 60
SCHEME = "Wall "
_signer = signing.Signer(salt="lounge.wall.link")
# Keys from before there were rows are a house's id or this word; they cannot be revoked, and end after a week.
_SCHOOL = "school"
_rowless_signer = signing.TimestampSigner(salt="lounge.wall")


class KeyInvalid(Exception):
    """The key was not signed here, or its link has ended or was revoked."""


def make_key(link: WallLink) -> str:
    """The key of a saved link, the same one each time."""
    return _signer.sign(str(link.pk))


def address(link: WallLink, site: str) -> str:
    """The link itself; ``site`` is the scheme and host, or empty for a path."""
    return f"{site}{path_of('wall')}#{make_key(link)}"


def house_of_key(request: HttpRequest) -> int | None:
    """The house whose portraits the key of the request opens; None for all. One query. Raises KeyInvalid."""
    sent = request.headers.get("Authorization", "")
    if not sent.startswith(SCHEME):
        raise KeyInvalid
    key = sent.removeprefix(SCHEME)
    try:
        number = int(_signer.unsign(key))
    except signing.BadSignature:
        return _house_of_rowless_key(key)
    link = WallLink.objects.filter(pk=number).first()
    if link is None or not link.is_valid:
        raise KeyInvalid
    return link.house_id


def _house_of_rowless_key(key: str) -> int | None:
    try:
        opened = _rowless_signer.unsign(key, max_age=WALL_LINK_LIFETIME)
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
