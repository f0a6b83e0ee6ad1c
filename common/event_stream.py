"""Server-sent events (WHATWG HTML, section 9.2): the text that a stream consists of."""

from __future__ import annotations

from rest_framework.renderers import BaseRenderer

MEDIA_TYPE = "text/event-stream"

# A comment, which clients ignore: it keeps proxies from closing a silent connection.
HEARTBEAT = b":\n\n"

HEADERS = {
    "Cache-Control": "no-store",
    # nginx would collect the pieces of the answer.
    "X-Accel-Buffering": "no",
}


class EventStreamRenderer(BaseRenderer):
    """Names the media type; the views write the stream themselves."""

    media_type = MEDIA_TYPE
    format = "events"

    def render(
        self, data: object, accepted_media_type: object = None, renderer_context: object = None
    ) -> bytes:
        raise NotImplementedError


def event(name: str, data: bytes, *, retry: int | None = None) -> bytes:
    """One event. ``data`` has no line ends; ``retry`` are the milliseconds after which clients ask again."""
    again = b"" if retry is None else b"retry: %d\n" % retry
    return again + b"event: %b\ndata: %b\n\n" % (name.encode("ascii"), data)
