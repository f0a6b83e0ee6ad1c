"""What the server accepts, refuses and passes on."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest

from common.http_server.limits import Limits
from common.http_server.server import BoundedServer
from tests.common.http_server.kit import LONG_ANSWER, SHORT, Application, problem_of, read_all, running


def ask(request: bytes) -> tuple[bytes, list[str]]:
    """The response to the bytes of a request, and the paths that reached the application."""
    with running() as school, school.connect() as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR) if b"Connection: close" not in request else None
        return read_all(client), school.application.paths


def post(length: int, *, headers: bytes = b"") -> bytes:
    head = b"POST /length HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n"
    return head % (headers, length) + bytes(length)


@pytest.mark.parametrize("length", [0, 1, 70_000, SHORT.kept_body])
def test_a_body_up_to_the_limit_arrives_whole(length: int) -> None:
    response, _ = ask(post(length))
    assert response.endswith(b"\r\n\r\n" + str(length).encode())


@pytest.mark.parametrize("length", [SHORT.kept_body + 1, SHORT.discarded_body])
def test_a_longer_body_is_received_and_the_application_answers(length: int) -> None:
    response, paths = ask(post(length))
    assert response.endswith(b"too big")
    assert paths == ["/length"]


def chunked(length: int, size: int) -> bytes:
    """A body in chunks of ``size`` bytes, without an announced length."""
    head = b"POST /length HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole, rest = divmod(length, size)
    sizes = [size] * whole + [rest] * bool(rest)
    return head + b"".join(b"%x\r\n%b\r\n" % (each, bytes(each)) for each in sizes) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("length", "size", "answer"),
    [
        (0, 1, b"0"),
        (1, 1, b"1"),
        (5000, 7, b"5000"),
        (SHORT.kept_body, 40_000, b"%d" % SHORT.kept_body),
        (SHORT.kept_body + 1, 40_000, b"too big"),
        (SHORT.discarded_body - 9000, 9000, b"too big"),
    ],
)
def test_a_body_without_a_length_is_counted_as_it_comes(length: int, size: int, answer: bytes) -> None:
    response, paths = ask(chunked(length, size))
    assert response.endswith(b"\r\n\r\n" + answer)
    assert paths == ["/length"]


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: 1000000000\r\nConnection: close\r\n\r\n", 413, "body_too_large"),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            + b"%x\r\n%b\r\n" % (SHORT.discarded_body + 1, bytes(SHORT.discarded_body + 1)),
            413,
            "body_too_large",
        ),
        (b"GET / HTTP/1.1\r\nConnection: close\r\nX: " + b"x" * SHORT.headers, 431, "headers_too_large"),
        (b"nonsense\r\nConnection: close\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\nConnection: close\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\n", 501, "bad_request"),
    ],
    ids=["announced", "chunked", "headers", "no request", "length", "encoding"],
)  # fmt: skip
def test_what_the_server_itself_refuses_is_a_problem(request_: bytes, status: int, code: str) -> None:
    response, paths = ask(request_)
    problem = problem_of(response)
    assert (problem["status"], problem["code"]) == (status, code)
    assert paths == []


def test_a_refusal_is_in_the_language_that_was_asked_for() -> None:
    request = b"GET / HTTP/1.1\r\n%sTransfer-Encoding: gzip\r\nConnection: close\r\n\r\n"
    english = problem_of(ask(request % b"Accept-Language: en\r\n")[0])["detail"]
    assert english == "This request cannot be understood."
    assert problem_of(ask(request % b"")[0])["detail"] not in ("", english)


def test_forwarded_headers_reach_django_which_decides_whether_to_believe_them() -> None:
    response, _ = ask(
        b"GET /meta HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1, 192.0.2.2\r\nX-Forwarded-Proto: https\r\n"
        b"X_Forwarded_For: 192.0.2.9\r\nConnection: close\r\n\r\n"
    )
    meta = json.loads(response.partition(b"\r\n\r\n")[2])
    assert meta["HTTP_X_FORWARDED_FOR"] == "192.0.2.1, 192.0.2.2"
    assert meta["HTTP_X_FORWARDED_PROTO"] == "https"
    assert meta["REMOTE_ADDR"] == "127.0.0.1"


def test_pipelined_requests_are_answered_in_their_order() -> None:
    with running() as school, school.connect() as client:
        requests = [b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(30)]
        client.sendall(
            b"\r\n" + b"".join(requests) + b"GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        read_all(client)
        assert school.application.paths == [*(f"/{number}" for number in range(30)), "/end"]


def test_a_client_that_waits_for_100_continue_is_told_to_send() -> None:
    with running() as school, school.connect() as client:
        whole = post(1000, headers=b"Expect: 100-continue\r\n")
        head, body = whole[:-1000], whole[-1000:]
        client.sendall(head)
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert read_all(client).endswith(b"1000")


def test_forms_with_files_wait_for_each_other_and_leave_the_other_threads_alone() -> None:
    form = (
        b"POST /wait HTTP/1.1\r\nContent-Type: Multipart/Form-Data; boundary=x\r\nContent-Length: 1\r\n\r\nx"
    )
    with running(replace(SHORT, form_threads=1), threads=1) as school, ExitStack() as stack:
        begin = time.monotonic()
        forms = [stack.enter_context(school.connect()) for _ in range(4)]
        for connection in forms:
            connection.sendall(form)
        time.sleep(0.1)
        other = stack.enter_context(school.connect())
        other.sendall(b"GET /other HTTP/1.0\r\n\r\n")
        assert read_all(other).endswith(b"/other")
        assert time.monotonic() - begin < 0.5
        for connection in forms:
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - begin >= 4 * 0.5


def test_a_stop_finishes_what_has_arrived_and_closes_the_rest() -> None:
    with running() as school, school.connect() as working, school.connect() as idle, school.connect() as long:
        long.sendall(b"GET /long HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        working.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        school.server.stop()
        assert read_all(idle) == b""
        assert len(read_all(long)) > LONG_ANSWER
        assert read_all(working).endswith(b"/wait")
        school.thread.join(2)
        assert not school.thread.is_alive()
        with pytest.raises(OSError):
            school.connect()


def test_a_stop_does_not_wait_for_slow_clients() -> None:
    with running() as school, school.connect() as slow:
        slow.sendall(post(1000)[:-10])
        time.sleep(0.2)
        begin = time.monotonic()
        school.stop()
        assert time.monotonic() - begin < 1
        assert read_all(slow) == b""


def test_too_few_open_files_lower_the_number_of_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024, 1024))
    monkeypatch.setattr("resource.setrlimit", lambda *_: None)
    limits = Limits(kept_body=1, discarded_body=1)
    server = BoundedServer(Application(), host="127.0.0.1", port=0, threads=1, at_once=1, limits=limits)
    try:
        assert server.adj.connection_limit == 256
    finally:
        server.stop()
        server.run()
