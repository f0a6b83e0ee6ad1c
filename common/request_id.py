"""``X-Request-ID``: one id for a request, in its answer, in the log, and with the job that it began."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from common.logs.context import REQUEST_ID, bound

HEADER = "X-Request-ID"
# The longest id that is taken over from a client or a proxy.
LONGEST = 64
_WELL_FORMED = re.compile(rf"[A-Za-z0-9._-]{{8,{LONGEST}}}")


def request_ids(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: the id that came with the request if it is well formed, else a new one."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        sent = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = sent if _WELL_FORMED.fullmatch(sent) else f"{random.getrandbits(128):032x}"
        setattr(request, REQUEST_ID, request_id)
        with bound(**{REQUEST_ID: request_id}):
            response = get_response(request)
        response.headers[HEADER] = request_id
        return response

    return middleware
