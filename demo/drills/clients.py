"""Clients of a school: an account, uploads, and threads that measure how long a request takes."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PASSWORD = "a-good-long-one-for-drills"
TIMEOUT = 60.0
FORM = b'--x\r\nContent-Disposition: form-data; name="pic"; filename="a"\r\n\r\n%b\r\n--x--\r\n'


@dataclass(frozen=True)
class Client:
    """One student of the school at ``url``."""

    url: str
    token: str = ""

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str = "application/json",
        connection: http.client.HTTPConnection | None = None,
    ) -> tuple[int, Any]:
        """Status and document of the answer; 0 and the error where the connection ended without one."""
        own = connection or self.connect()
        headers = {"Content-Type": kind} if body is not None else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            own.request(method, path, body, headers)
            response = own.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException) as error:
            return 0, {"code": type(error).__name__}
        finally:
            if connection is None:
                own.close()
        is_json = "json" in (response.headers["Content-Type"] or "")
        return response.status, json.loads(data) if is_json else {}

    def upload(self, photo: bytes) -> tuple[int, Any]:
        return self.ask("POST", "/user/main/", FORM % photo, "multipart/form-data; boundary=x")


def signed_up(url: str, name: str) -> Client:
    """A new student. Raises RuntimeError when the school refuses."""
    account = json.dumps({"fullname": name, "username": name, "password": PASSWORD}).encode()
    visitor = Client(url)
    visitor.ask("POST", "/user/", account)
    status, tokens = visitor.ask("POST", "/user/api/token/", account)
    if status != 200:
        raise RuntimeError(f"signing in answered {status}: {tokens}")
    return Client(url, tokens["access"])


@dataclass
class Measured:
    """``seconds`` of each request, and how many had which status."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


class Visitors:
    """``threads`` that ask for the student's own record one request after another, each on one connection."""

    PATH = "/user/me/"

    def __init__(self, client: Client, threads: int = 2) -> None:
        self.client = client
        self.measured = Measured()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._visit) for _ in range(threads)]

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _visit(self) -> None:
        connection = self.client.connect()
        while not self._stop.is_set():
            begin = time.perf_counter()
            status, _ = self.client.ask("GET", self.PATH, connection=connection)
            self.measured.seconds.append(time.perf_counter() - begin)
            self.measured.statuses[status] += 1
            if not status:
                connection.close()
            # A person's pace: two threads alone would keep both cores busy.
            self._stop.wait(0.02)
        connection.close()


def visited(client: Client, seconds: float) -> Measured:
    """What visitors measure in this time."""
    with Visitors(client) as visitors:
        time.sleep(seconds)
    return visitors.measured
