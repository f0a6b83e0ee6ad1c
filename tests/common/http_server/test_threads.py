"""Which requests are answered side by side, and what the connection does after an answer."""

from __future__ import annotations

import time

import pytest

from common.http_server import dispatcher
from tests.common.http_server.kit import Running, read_all, running

KEPT_OPEN = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def ask_together(school: Running, path: bytes, number: int) -> None:
    connections = [school.connect() for _ in range(number)]
    for connection in connections:
        connection.sendall(LAST % path)
    for connection in connections:
        assert read_all(connection).startswith(b"HTTP/1.1 200 OK")
        connection.close()


@pytest.mark.parametrize("at_once", [1, 2])
def test_of_short_requests_so_many_are_answered_at_once(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    # However slow the machine is, these are short.
    monkeypatch.setattr(dispatcher, "PATIENCE", 60.0)
    with running(threads=4, at_once=at_once) as school:
        ask_together(school, b"/short", 8)
        assert school.application.most == at_once


def test_a_long_request_holds_up_no_short_one() -> None:
    with running(threads=2) as school, school.connect() as long, school.connect() as short:
        long.sendall(LAST % b"/wait")
        while "/wait" not in school.application.paths:
            time.sleep(0.001)
        for _ in range(3):
            short.sendall(KEPT_OPEN % b"/")
            assert short.recv(65536).startswith(b"HTTP/1.1 200 OK")
        # The long one is not answered yet.
        long.setblocking(False)
        with pytest.raises(BlockingIOError):
            long.recv(1)
        long.settimeout(20)
        assert read_all(long).startswith(b"HTTP/1.1 200 OK")


def test_long_requests_are_answered_side_by_side() -> None:
    with running(threads=4) as school:
        ask_together(school, b"/wait", 4)
        assert school.application.most >= 2


def test_a_connection_is_used_again_after_304() -> None:
    with running() as school, school.connect() as connection:
        for _ in range(3):
            connection.sendall(KEPT_OPEN % b"/unchanged")
            head = connection.recv(65536)
            assert head.startswith(b"HTTP/1.1 304 Not Modified")
            assert head.endswith(b"\r\n\r\n")
            assert b"connection: close" not in head.lower()


@pytest.mark.parametrize(
    "request_",
    [LAST % b"/unchanged", b"GET /unchanged HTTP/1.0\r\nHost: localhost\r\n\r\n"],
    ids=["asked for", "HTTP/1.0"],
)
def test_a_client_that_wants_the_connection_closed_after_304_gets_that(request_: bytes) -> None:
    with running() as school, school.connect() as connection:
        connection.sendall(request_)
        head = read_all(connection)
        assert b" 304 " in head
        assert b"connection: close" in head.lower()


def test_headers_and_a_short_body_are_one_piece() -> None:
    with running() as school, school.connect() as connection:
        connection.sendall(KEPT_OPEN % b"/short")
        assert connection.recv(65536).endswith(b"\r\n\r\n/short")
