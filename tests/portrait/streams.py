"""Clients of ``GET /user/portrait/events`` against a real server in threads of the test's process."""

from __future__ import annotations

import json
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.servers.basehttp import get_internal_wsgi_application
from django.db import connection
from rest_framework_simplejwt.tokens import RefreshToken

from common.http_server.limits import Limits
from common.http_server.server import BoundedServer
from portrait import events
from tests.portrait.kit import PATIENCE, wait_for
from user.models import User

PATH = "/user/portrait/events"


class Stream:
    """One client; ``events`` are ``(seconds since the epoch, state)`` in the order in which they arrived."""

    def __init__(self, port: int, owner: User, language: str = "en") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        token = RefreshToken.for_user(owner).access_token
        self.socket.sendall(
            f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
            f"Accept-Language: {language}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        self.received = b""
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.over = False

    def receive(self) -> None:
        """Take what has come; at the end of the answer ``over``."""
        data = self.socket.recv(65536)
        self.received += data
        self.over = not data
        # A chunk is one event or more, so that no event is cut by the framing of the chunks.
        while b"\n\n" in self.received:
            text, _, self.received = self.received.partition(b"\n\n")
            for line in text.splitlines():
                if line.startswith(b"data: "):
                    self.events.append((time.time(), json.loads(line[6:])))

    @property
    def states(self) -> list[dict[str, Any]]:
        return [state for _, state in self.events]

    @property
    def statuses(self) -> list[str]:
        """The statuses in their order, each once as long as it lasts."""
        found: list[str] = []
        for state in self.states:
            if found[-1:] != [state["status"]]:
                found.append(state["status"])
        return found


def follow(streams: Iterable[Stream], until: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Receive for all streams in one thread until ``until``; fails when that takes too long."""
    end = time.monotonic() + patience
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            if not stream.over:
                selector.register(stream.socket, selectors.EVENT_READ, stream)
        while not until():
            assert time.monotonic() < end, "waited for the events in vain"
            for key, _ in selector.select(0.05):
                key.data.receive()
                if key.data.over:
                    selector.unregister(key.fileobj)


@contextmanager
def serving(threads: int = 4) -> Iterator[int]:
    """The port of a server for the test's database. At the end its threads are gone."""
    server = BoundedServer(
        get_internal_wsgi_application(),
        host="127.0.0.1",
        port=0,
        threads=threads,
        at_once=1 if connection.vendor == "sqlite" else threads,
        limits=Limits(kept_body=2**20, discarded_body=2**21, stop_time=1.0),
    )
    loop = threading.Thread(target=server.run)
    loop.start()
    try:
        yield int(server.effective_port)
    finally:
        server.stop()
        loop.join(PATIENCE)
        wait_for(
            lambda: not [one for one in threading.enumerate() if one.name == events.THREAD], "the thread"
        )
