"""A real server on a free port in a thread, with short limits and a small WSGI application."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import RequestDataTooBig

from common.http_server.held import HOLD, Held
from common.http_server.limits import Limits
from common.http_server.server import BoundedServer

SHORT = Limits(
    kept_body=100_000,
    discarded_body=300_000,
    headers=8_000,
    connections=200,
    idle_time=2.0,
    header_time=2.0,
    body_time=2.0,
    answer_time=2.0,
    stop_time=5.0,
)
LONG_ANSWER = 30_000_000


class Application:
    """Answers by path: ``/length`` the body's length, ``/wait`` after half a second, ``/long`` 30 MB, ``/meta``.

    ``/unchanged`` is 304, ``/short`` takes 20 ms. ``/held`` is held open after its first piece and noted in ``held``.
    ``most`` is how many were answered at the same time.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.held: list[Held] = []
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            return self._answer(environ, start_response)
        finally:
            with self._lock:
                self._now -= 1

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.paths.append(path)
        body = path.encode()
        if path == "/wait":
            time.sleep(0.5)
        elif path == "/short":
            time.sleep(0.02)
        elif path == "/unchanged":
            start_response("304 Not Modified", [("ETag", '"1"'), ("Content-Length", "0")])
            return [b""]
        elif path == "/held":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return self._hold(environ)
        elif path == "/long":
            body = bytes(LONG_ANSWER)
        elif path == "/meta":
            body = json.dumps({key: value for key, value in environ.items() if key.isupper()}).encode()
        elif path == "/length":
            try:
                body = str(len(environ["wsgi.input"].read())).encode()
            except RequestDataTooBig:
                body = b"too big"
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    def _hold(self, environ: dict[str, Any]) -> Iterator[bytes]:
        yield b"first"
        self.held.append(environ[HOLD]())


class Running:
    def __init__(self, server: BoundedServer, application: Application) -> None:
        self.server, self.application = server, application
        self.thread = threading.Thread(target=server.run)
        self.thread.start()

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", int(self.server.effective_port)))
        connection.settimeout(20)
        return connection

    def stop(self) -> None:
        self.server.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()


@contextmanager
def running(limits: Limits = SHORT, threads: int = 2, at_once: int = 1) -> Iterator[Running]:
    application = Application()
    server = BoundedServer(
        application, host="127.0.0.1", port=0, threads=threads, at_once=at_once, limits=limits
    )
    school = Running(server, application)
    try:
        yield school
    finally:
        school.stop()


def read_all(connection: socket.socket) -> bytes:
    """What comes until the server closes the connection."""
    found = b""
    try:
        while data := connection.recv(65536):
            found += data
    except ConnectionResetError:
        pass
    return found


def trickle(connection: socket.socket, data: bytes = b"x", every: float = 0.1) -> float:
    """Send ``data`` again and again until the server answers or closes; the seconds that it took, 15 at most."""
    begin = time.monotonic()
    connection.settimeout(every)
    while (passed := time.monotonic() - begin) < 15:
        try:
            connection.sendall(data)
            if connection.recv(1, socket.MSG_PEEK) is not None:
                break
        except TimeoutError:
            continue
        except OSError:
            break
    connection.settimeout(20)
    return passed


def problem_of(response: bytes) -> dict[str, Any]:
    head, _, body = response.partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head
    problem: dict[str, Any] = json.loads(body)
    assert head.split()[1] == str(problem["status"]).encode()
    return problem
