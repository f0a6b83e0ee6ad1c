"""The pages of the benchmark over HTTP: a server in its own process, and clients that never pause."""

from __future__ import annotations

import multiprocessing
import random
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, connections
from django.test import override_settings
from rest_framework_simplejwt.tokens import RefreshToken

from common.http_server.limits import Limits
from common.http_server.server import BoundedServer
from demo import http_load, lounge_benchmark
from user.models import User

HOST = "127.0.0.1"
THREADS = 8
# Each page is measured this often, in turns with its plain version: other programs slow down both.
ROUNDS = 3
WARM_UP_SECONDS = 0.5
# Students that ask in turns.
ASKING = 200


@dataclass(frozen=True)
class Served:
    """Medians of the rounds: answers a second, seconds, and the share of one core that the clients took."""

    rate: float
    p50: float
    p95: float
    client: float


@contextmanager
def serving() -> Iterator[tuple[str, int]]:
    """The address of a server for the database that this process uses now; it ends with the context."""
    # A connection must not be used by two processes.
    connections.close_all()
    context = multiprocessing.get_context("fork")
    ours, its = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(its,), daemon=True)
    process.start()
    try:
        yield HOST, ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(port: Any) -> None:
    with override_settings(ROOT_URLCONF=lounge_benchmark.__name__, ALLOWED_HOSTS=["localhost"], DEBUG=False):
        server = BoundedServer(
            WSGIHandler(),
            host=HOST,
            port=0,
            threads=THREADS,
            at_once=1 if connection.vendor == "sqlite" else THREADS,
            limits=Limits(kept_body=2**20, discarded_body=2**21),
        )
        server.stop_at_signals()
        port.send(server.effective_port)
        server.run()


def measure(paths: Mapping[str, str], *, clients: int, seconds: float, seed: int) -> dict[str, Served]:
    """GET of each of ``paths`` by ``clients`` for ``seconds`` a round, by name.

    Raises ``AssertionError`` for an answer other than 200.
    """
    students = random.Random(seed).choices(User.objects.order_by("pk"), k=ASKING)
    tokens = [str(RefreshToken.for_user(student).access_token) for student in students]
    rounds: dict[str, list[http_load.Load]] = {name: [] for name in paths}
    with serving() as address:
        for number in range(-1, ROUNDS):
            for name, path in paths.items():
                load = http_load.load(
                    address,
                    [http_load.get(path, token) for token in tokens],
                    clients=clients,
                    seconds=WARM_UP_SECONDS if number < 0 else seconds,
                )
                if load.statuses.keys() != {200}:
                    raise AssertionError(f"{path} answered {dict(load.statuses)}")
                if number >= 0:
                    rounds[name].append(load)
    return {
        name: Served(
            rate=statistics.median(load.rate for load in loads),
            p50=statistics.median(load.p50 for load in loads),
            p95=statistics.median(load.p95 for load in loads),
            client=statistics.median(load.own_cpu / load.seconds for load in loads),
        )
        for name, loads in rounds.items()
    }
