"""``GET /user/portrait/events``: the states of the portrait as a stream, without a thread for each who waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from common.event_stream import HEADERS, MEDIA_TYPE, EventStreamRenderer
from common.fields import origin
from common.http_server.held import HOLD
from portrait.events import Listener, listeners, status_event
from portrait.selectors import portrait_status
from portrait.serializers import status_body
from user.selectors import signed_in

# One event, for the description of the API; ``data`` is a text of JSON.
EVENT_SCHEMA = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "const": "status"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/Status"},
        },
        "retry": {"type": "integer", "description": "milliseconds after which to ask again at the end"},
    },
    "required": ["event", "data"],
}


class EventsView(APIView):
    """The state now and, where the server can hold answers open, each later one until the job has ended."""

    renderer_classes = (EventStreamRenderer,)
    # The framework's answer to OPTIONS is no stream; a preflight request never comes here.
    http_method_names = ["get", "head"]

    @extend_schema(responses={(200, MEDIA_TYPE): EVENT_SCHEMA})
    def get(self, request: Request) -> HttpResponseBase:
        student = signed_in(request)
        state = portrait_status(student)
        base = origin(request)
        body = status_body(state, base)
        first = status_event(state, body)
        hold: Any = request.META.get(HOLD)
        if hold is None or state["poll_after"] is None or listeners.full or request.method != "GET":
            response: HttpResponseBase = HttpResponse(first)
        else:
            language = get_language() or ""

            def stream() -> Iterator[bytes]:
                yield first
                # Now the server has sent the headers.
                listeners.add(Listener(hold(), student, language, base, body))

            response = StreamingHttpResponse(stream())
        response["Content-Type"] = MEDIA_TYPE
        for name, value in HEADERS.items():
            response[name] = value
        return response
