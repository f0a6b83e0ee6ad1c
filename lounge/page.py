"""``GET /lounge/``: all that the page of the lounge shows, as JSON."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.request import Request

from common.fields import origin, public_url
from lounge.board import board_rows, board_text
from lounge.census import census, random_members
from user.models import User


def lounge_json(request: Request, student: User) -> bytes:
    """The page as ``student``, who is in a house, sees it; LoungeSerializer describes it.

    Two queries; three more when the school is counted again, and one more when the board has changed.

    ``user`` is a list of one, the student who asks: user names are half of the credentials, so those of others are
    not shown. The student's own house comes first in ``house``, the others follow by id; the three lists of the
    charts go together, in the order of the house ids.

    Written out, because the framework's fields cost several times as much as all the rest of the answer.
    """
    base = origin(request)
    rows = board_rows()
    counted = census(student, rows)
    users = random_members(counted, besides=student)
    own_first = sorted(counted.houses, key=lambda house: house.pk != student.house_id)
    page: dict[str, Any] = {
        "user": [
            {
                "id": student.pk,
                "username": student.username,
                "fullname": student.fullname,
                "portrait": public_url(base, student.own_picture),
                "dormitory_name": own_first[0].name,
            }
        ],
        "house": [
            {
                "name": house.name,
                "desc": house.text,
                "logo": public_url(base, house.logo),
                "users": [_member(member, base) for member in users[house.pk]],
            }
            for house in own_first
        ],
        "dorm_name": [house.name for house in counted.houses],
        "users_count": [len(counted.members.get(house.pk, ())) for house in counted.houses],
        "comments_count": [counted.entries.get(house.pk, 0) for house in counted.houses],
    }
    start = json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()
    return start[:-1] + b',"board":' + board_text(request, rows) + b"}"


def _member(member: User, base: str) -> dict[str, str]:
    """All that the lounge tells about another student."""
    return {
        "portrait": public_url(base, member.small_picture),
        # For those who want no motion, or few bytes.
        "poster": public_url(base, member.resting_picture),
        "live": public_url(base, member.live_portrait),
        "fullname": member.fullname,
    }
