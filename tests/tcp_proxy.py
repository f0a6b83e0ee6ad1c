"""A TCP connection to a server that can be slow, refuse, be silent, or answer 503."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType

BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy:
    """Listens on ``port`` of 127.0.0.1 while it is entered, and passes everything on to ``target``.

    ``fault`` is ``""``, ``"cut"`` (connections are closed at once), ``"silent"`` (nothing is answered) or ``"busy"``
    (503); it holds for the connections that exist as well. ``delay``: seconds before what a client sends goes on.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.fault = ""
        self.delay = 0.0
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A thread that waits in accept() is woken by this alone.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._cut()

    def fail(self, fault: str) -> None:
        """From now on, for connections that are open too."""
        self.fault = fault
        if fault == "cut":
            self._cut()

    def _cut(self) -> None:
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            if self.fault == "cut":
                return
            with socket.create_connection(("127.0.0.1", self.target)) as server:
                self._open |= {client, server}
                back = threading.Thread(target=self._copy, args=[server, client], daemon=True)
                back.start()
                try:
                    self._copy(client, server, requests=True)
                finally:
                    with contextlib.suppress(OSError):
                        server.shutdown(socket.SHUT_WR)
                    back.join()
                    self._open -= {client, server}

    def _copy(self, source: socket.socket, target: socket.socket, requests: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if requests and self.delay:
                    time.sleep(self.delay)
                while self.fault == "silent":
                    time.sleep(0.02)
                if requests and self.fault == "busy":
                    source.sendall(BUSY)
                    source.shutdown(socket.SHUT_RDWR)
                    return
                target.sendall(data)
        if not requests:
            with contextlib.suppress(OSError):
                target.shutdown(socket.SHUT_WR)
