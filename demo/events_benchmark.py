"""What ``manage.py benchmark_events`` measures: how soon one of many who follow their portraits hears of news."""

from __future__ import annotations

import os
import random
import selectors
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from django.conf import settings
from rest_framework_simplejwt.tokens import RefreshToken

from demo import http_load
from demo.browser import running_school
from demo.queue_fleet import school
from demo.throw_away import database_url
from portrait.engine.request import DEFAULTS, PortraitRequest
from portrait.models import PortraitJob, request_columns

PATH = "/user/portrait/events"
# Seconds without what is waited for after which the measurement is given up.
PATIENCE = 60.0
# The longest pause before the next news, in seconds.
PAUSE = 0.3
# Seconds in which the server settles after the last client came.
SETTLING = 2.0


@dataclass(frozen=True)
class Measured:
    """``late``: seconds from the commit of each piece of news until its client had it. ``busy``: cores' share."""

    late: list[float]
    busy: float


def measure(*, clients: int, seconds: float, seed: int = 1) -> Measured:
    """One student after another has news. Raises DatabaseError, ValueError, TimeoutError, ConnectionError."""
    draw = random.Random(seed)
    with TemporaryDirectory(prefix="events-") as text, school(Path(text), clients) as students:
        jobs = PortraitJob.objects.bulk_create(
            PortraitJob(
                student=one,
                photo="photos/a.jpg",
                still="photos/b.jpg",
                **request_columns(PortraitRequest(seed=7).or_else(DEFAULTS)),
            )
            for one in students
        )
        tokens = [str(RefreshToken.for_user(student).access_token) for student in students]
        chosen = {"DATABASE_URL": database_url(), "SECRET_KEY": settings.SECRET_KEY}
        with (
            running_school(Path(text), seed_demo=None, command="serve_api", **chosen) as server,
            _Crowd(server.url) as crowd,
        ):
            for token in tokens:
                crowd.come(token)
            crowd.listen(SETTLING)
            late: list[float] = []
            begin, used = time.monotonic(), _processor_time(server.pid)
            while time.monotonic() - begin < seconds:
                crowd.listen(draw.uniform(0, PAUSE))
                number = draw.randrange(clients)
                progress = (len(late) % 999 + 1) / 1000
                news = {"state": PortraitJob.State.RUNNING, "stage": "animating", "progress": progress}
                PortraitJob.objects.filter(pk=jobs[number].pk).update(**news)
                late.append(crowd.wait_for(number, f'"progress":{progress}'.encode()))
            busy = (_processor_time(server.pid) - used) / (time.monotonic() - begin)
    return Measured(late, busy)


class _Crowd:
    """Clients of the stream in one thread."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).hostname, urlsplit(url).port
        self._selector = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []
        self._received: dict[int, bytes] = {}

    def __enter__(self) -> _Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for client in self._sockets:
            client.close()

    def come(self, token: str) -> None:
        """One more client, when it has its first event."""
        client = socket.create_connection(self._address, timeout=PATIENCE)
        number = len(self._sockets)
        self._sockets.append(client)
        client.sendall(http_load.get(PATH, token, headers="Accept: text/event-stream\r\n"))
        self._received[number] = b""
        self._selector.register(client, selectors.EVENT_READ, number)
        self.wait_for(number, b"event: status")

    def listen(self, seconds: float) -> None:
        """Take what comes in that time, and forget it."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._receive(left)
        self._received = dict.fromkeys(self._received, b"")

    def wait_for(self, number: int, text: bytes) -> float:
        """Seconds until the client had ``text``. Raises TimeoutError and ConnectionError."""
        begin = time.monotonic()
        while text not in self._received[number]:
            if time.monotonic() - begin > PATIENCE:
                raise TimeoutError("a client heard nothing of its news")
            self._receive(PATIENCE)
        return time.monotonic() - begin

    def _receive(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            data = self._sockets[key.data].recv(65536)
            if not data:
                raise ConnectionError("the server ended a stream")
            self._received[key.data] += data


def _processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
