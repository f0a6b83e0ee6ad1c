"""An answer that is held open takes no thread; any thread sends further pieces of it."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace

from common.http_server.held import LONGEST_BACKLOG, Held
from tests.common.http_server.kit import SHORT, Running, read_all, running
from tests.portrait.kit import wait_for

ASK = b"GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n"


def hold(school: Running, request: bytes = ASK) -> tuple[socket.socket, Held]:
    """A connection whose answer is held open, and the school's side of it."""
    before = len(school.application.held)
    connection = school.connect()
    connection.sendall(request)
    wait_for(lambda: len(school.application.held) > before, "the held answer")
    return connection, school.application.held[-1]


def receive_until(connection: socket.socket, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        data = connection.recv(65536)
        assert data, found
        found += data
    return found


def test_pieces_arrive_one_after_another_and_the_answer_ends() -> None:
    with running() as school:
        connection, held = hold(school)
        head = receive_until(connection, b"5\r\nfirst\r\n")
        assert b"Transfer-Encoding: chunked" in head
        held.send(b"second")
        assert receive_until(connection, b"\r\n") == b"6\r\nsecond\r\n"
        held.send(b"third")
        held.end()
        held.send(b"too late")
        assert read_all(connection) == b"5\r\nthird\r\n0\r\n\r\n"
        assert not held.open


def test_a_client_of_http_1_0_gets_the_pieces_as_they_are() -> None:
    with running() as school:
        connection, held = hold(school, b"GET /held HTTP/1.0\r\n\r\n")
        held.send(b" second")
        held.end()
        assert read_all(connection).endswith(b"\r\n\r\nfirst second")


def test_held_answers_take_no_thread_from_others() -> None:
    with running(threads=2) as school:
        before = threading.active_count()
        waiting = [hold(school) for _ in range(60)]
        assert threading.active_count() == before
        other = school.connect()
        other.sendall(b"GET /quick HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert read_all(other).endswith(b"/quick")
        for _, held in waiting:
            held.send(b"news")
            held.end()
        assert all(b"4\r\nnews\r\n" in read_all(connection) for connection, _ in waiting)


def test_a_silent_answer_outlives_the_limits_of_silent_connections() -> None:
    with running(replace(SHORT, idle_time=0.1, answer_time=0.1)) as school:
        connection, held = hold(school)
        receive_until(connection, b"first\r\n")
        time.sleep(2.2)
        held.send(b"news")
        assert receive_until(connection, b"\r\n") == b"4\r\nnews\r\n"


def test_a_client_that_leaves_is_noticed() -> None:
    with running() as school:
        connection, held = hold(school)
        connection.close()
        wait_for(lambda: not held.open, "the end of the answer")


def test_what_a_client_sends_meanwhile_is_no_request() -> None:
    with running() as school:
        connection, held = hold(school)
        connection.sendall(ASK.replace(b"/held", b"/quick"))
        time.sleep(0.2)
        held.end()
        assert read_all(connection).endswith(b"first\r\n0\r\n\r\n")
        assert school.application.paths == ["/held"]


def test_a_client_that_does_not_read_loses_its_connection() -> None:
    with running() as school:
        _connection, held = hold(school)
        for _ in range(200):
            held.send(bytes(LONGEST_BACKLOG // 4))
        wait_for(lambda: not held.open, "the end of the answer")


def test_a_server_that_stops_ends_the_held_answers() -> None:
    with running() as school:
        connection, held = hold(school)
        begin = time.monotonic()
        school.stop()
        assert time.monotonic() - begin < SHORT.stop_time
        assert read_all(connection).endswith(b"first\r\n")
        held.send(b"nobody listens")
