"""A client that sends or reads slowly holds no thread, and not for ever a connection."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack

import pytest

from tests.common.http_server.kit import SHORT, problem_of, read_all, running, trickle

HEADERS = b"GET /slow HTTP/1.1\r\nHost: a\r\nX-Slow: "
BODY = b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n"
# The limits are checked once a second.
LATE = 3.0


@pytest.mark.parametrize("begin", [HEADERS, BODY], ids=["headers", "body"])
def test_bytes_that_keep_coming_slowly_end_with_408(begin: bytes) -> None:
    with running() as school, school.connect() as slow:
        slow.sendall(begin)
        assert trickle(slow) < SHORT.body_time + LATE
        assert problem_of(read_all(slow))["code"] == "request_timeout"
        assert school.application.paths == []


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n"], ids=["nothing", "blank lines"])
def test_a_connection_without_a_request_is_closed(sent: bytes) -> None:
    with running() as school, school.connect() as idle:
        begin = time.monotonic()
        if sent:
            trickle(idle, sent)
        assert read_all(idle) == b""
        assert time.monotonic() - begin < SHORT.idle_time + LATE


def test_a_connection_that_is_used_stays_open_beyond_every_limit() -> None:
    with running() as school, school.connect() as busy:
        end = time.monotonic() + SHORT.idle_time + LATE
        while time.monotonic() < end:
            busy.sendall(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = b""
            while not answer.endswith(b"/a"):
                answer += busy.recv(1000) or pytest.fail("closed")
            time.sleep(0.2)


def test_a_body_at_the_least_rate_may_take_longer() -> None:
    size, parts = 60_000, 30
    with running() as school, school.connect() as steady:
        steady.sendall(BODY.replace(b"90000", str(size).encode()))
        for _ in range(parts):
            steady.sendall(bytes(size // parts))
            time.sleep((SHORT.body_time + LATE) / parts)
        steady.shutdown(socket.SHUT_WR)
        assert read_all(steady).endswith(str(size).encode())


def test_a_client_that_does_not_read_is_closed_and_holds_no_thread() -> None:
    with running(threads=1) as school, ExitStack() as stack:
        deaf = stack.enter_context(school.connect())
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # Pipelined: the answers together are more than the server keeps for one connection.
        deaf.sendall(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n" * 5)
        time.sleep(0.5)
        other = stack.enter_context(school.connect())
        begin = time.monotonic()
        other.sendall(b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
        assert other.recv(1000).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - begin < 1
        end = time.monotonic() + SHORT.answer_time + LATE
        while any(
            channel.addr[1] == deaf.getsockname()[1]
            for channel in list(school.server.active_channels.values())
        ):
            assert time.monotonic() < end
            time.sleep(0.1)
        assert school.application.paths.count("/long") == 1


def test_many_slow_clients_leave_the_threads_to_others() -> None:
    with running(threads=1) as school, ExitStack() as stack:
        for begin in (HEADERS, BODY, b"") * 40:
            slow = stack.enter_context(school.connect())
            slow.sendall(begin)
        for _ in range(20):
            with school.connect() as other:
                begun = time.monotonic()
                other.sendall(b"GET /quick HTTP/1.0\r\n\r\n")
                assert read_all(other).endswith(b"/quick")
                assert time.monotonic() - begun < 0.5
