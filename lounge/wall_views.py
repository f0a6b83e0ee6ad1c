"""``/wall/``: the page for a projector, and the portraits on it."""

from __future__ import annotations

import datetime

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from common.page import part
from common.problems import problem_response, read_only
from lounge import wall


@csrf_exempt
def wall_page(request: HttpRequest) -> HttpResponseBase:
    """``GET /wall/``: the page, the same for every key."""
    return part(request, "wall.html")


@csrf_exempt
def wall_portraits(request: HttpRequest) -> HttpResponse:
    """``GET /wall/portraits/``: the newest portraits; with ``since``, an ``as_of``, those that came after it."""
    if refusal := read_only(request):
        return refusal
    try:
        house = wall.house_of_key(request)
    except wall.KeyInvalid:
        return problem_response(
            403, "wall_link_invalid", _("This link has ended. Staff can make another one.")
        )
    return HttpResponse(
        wall.wall_json(request, house, _time(request.GET.get("since", ""))), content_type="application/json"
    )


def _time(text: str) -> datetime.datetime | None:
    """The time, or None for none and for what is no time: the page then gets all."""
    try:
        time = parse_datetime(text)
        return time.astimezone(datetime.UTC) if time is not None and is_aware(time) else None
    except (ValueError, OverflowError):
        return None
