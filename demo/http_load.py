"""A load client that costs little: one thread, plain sockets that stay open, requests that are made beforehand."""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

from demo.measuring import percentile

RECEIVE_BYTES = 256 * 1024
# Seconds without any answer after which the measurement is given up.
SILENCE = 30.0


@dataclass(frozen=True)
class Load:
    """What the clients saw; times in seconds. ``own_cpu`` is the processor time that this client itself took."""

    requests: int
    seconds: float
    p50: float
    p95: float
    own_cpu: float
    statuses: Counter[int]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


def get(path: str, token: str, *, headers: str = "") -> bytes:
    """The bytes of one GET; ``headers`` are whole lines, each with its CRLF."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{headers}\r\n"
    ).encode("ascii")


class _Connection:
    """One client: sends a request as soon as it has the answer to the one before."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.socket = socket.create_connection(address, timeout=SILENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.begun = 0.0
        self.received = b""

    def ask(self, request: bytes) -> None:
        self.received = b""
        self.begun = time.perf_counter()
        self.socket.sendall(request)

    def answer(self) -> int | None:
        """Receive once; the status when the answer is complete. Raises ConnectionError at an early end."""
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionError("the server closed a connection before the answer was complete")
        self.received = self.received + data if self.received else data
        head, blank, body = self.received.partition(b"\r\n\r\n")
        if not blank:
            return None
        lower = head.lower()
        if b"\r\nconnection: close" in lower:
            raise ConnectionError("the server does not keep the connection open")
        _, found, after = lower.partition(b"\r\ncontent-length: ")
        length = int(after.partition(b"\r\n")[0]) if found else 0
        return int(head[9:12]) if len(body) >= length else None


def load(address: tuple[str, int], requests: Sequence[bytes], *, clients: int, seconds: float) -> Load:
    """Send ``requests`` in turns over ``clients`` connections for ``seconds``.

    Raises ConnectionError when the server ends a connection, TimeoutError when it answers none of them for a while.
    """
    selector = selectors.DefaultSelector()
    taken: list[float] = []
    statuses: Counter[int] = Counter()
    following = cycle(requests)
    cpu, start = time.process_time(), time.perf_counter()
    connections = [_Connection(address) for _ in range(clients)]
    try:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask(next(following))
        while (now := time.perf_counter()) < start + seconds:
            ready = selector.select(SILENCE)
            if not ready:
                raise TimeoutError("the server does not answer")
            for key, _events in ready:
                connection = key.data
                if (status := connection.answer()) is None:
                    continue
                taken.append(time.perf_counter() - connection.begun)
                statuses[status] += 1
                connection.ask(next(following))
    finally:
        for connection in connections:
            connection.socket.close()
        selector.close()
    return Load(
        requests=len(taken),
        seconds=now - start,
        p50=percentile(taken, 50),
        p95=percentile(taken, 95),
        own_cpu=time.process_time() - cpu,
        statuses=statuses,
    )
