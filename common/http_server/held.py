"""Answers that stay open after their thread has gone on, such as server-sent events.

A view that may hold its answer finds a function under ``HOLD`` in the WSGI environment. It calls it after the first
piece of the body was taken; from then on any thread may send further pieces, and none waits for the client.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

HOLD = "common.http_server.hold"

# Bytes that a client may leave unread before its connection is closed.
LONGEST_BACKLOG = 256 * 1024


class Held(Protocol):
    """What a view gets of its open answer."""

    @property
    def open(self) -> bool:
        """Whether the client may still be there."""

    def send(self, data: bytes) -> None:
        """Send a piece of the body soon."""

    def end(self) -> None:
        """End the answer and its connection."""


Hold = Callable[[], Held]


class HeldAnswer:
    """An open answer on one connection. Its methods only leave a note for the server's loop, which does the work."""

    def __init__(self, channel: Any, *, chunked: bool) -> None:
        self._channel = channel
        self._chunked = chunked
        self._ended = False

    @property
    def open(self) -> bool:
        return bool(self._channel.connected) and not self._ended

    def send(self, data: bytes) -> None:
        if data and self.open:
            self._post(b"%X\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def end(self) -> None:
        if self.open:
            self._ended = True
            self._post(b"0\r\n\r\n" if self._chunked else b"")

    def _post(self, data: bytes) -> None:
        self._channel.server.post(self._channel, data, last=self._ended)
