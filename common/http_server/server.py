"""The server's loop: one thread that receives and sends, over the system's own event queue."""

from __future__ import annotations

import contextlib
import logging
import select
import selectors
import signal
import time
from collections import deque
from types import FrameType
from typing import Any

from waitress import wasyncore
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from common.http_server.channel import BoundedChannel
from common.http_server.dispatcher import PacedDispatcher
from common.http_server.limits import Limits, available_connections

# How long the loop sleeps at most, and how often the time limits are checked.
TICK = 1.0


class BoundedServer(TcpWSGIServer):
    """waitress's server, with a loop whose work does not grow with the number of silent connections.

    waitress asks each connection at every event whether it wants to read or write. This loop asks those that had an
    event and those that are being answered.
    """

    channel_class = BoundedChannel

    def __init__(
        self, application: Any, *, host: str, port: int, threads: int, at_once: int, limits: Limits
    ) -> None:
        """``at_once``: see PacedDispatcher. Raises OSError when the address cannot be used."""
        self.limits = limits
        self._selector = selectors.DefaultSelector()
        self._interest: dict[int, int] = {}
        # Connections whose wishes may have changed in this round, and those that worker threads may change any time.
        self._touched: set[int] = set()
        self._answering: set[int] = set()
        # Pieces of held answers, from any thread: the connection, the bytes, and whether they are the last.
        self._pieces: deque[tuple[BoundedChannel, bytes, bool]] = deque()
        self._check_at = 0.0
        self._stop_at = 0.0
        self._stop_asked = False
        self._form_dispatcher = ThreadedTaskDispatcher()
        self._form_dispatcher.set_thread_count(limits.form_threads)
        # It says so for each upload that waits for a thread.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._dispatcher = PacedDispatcher(at_once)
        super().__init__(
            application,
            host=host,
            port=port,
            dispatcher=self._dispatcher,
            # Django decides by NUM_PROXIES and HTTPS which of these headers it believes.
            clear_untrusted_proxy_headers=False,
            connection_limit=available_connections(limits.connections),
            inbuf_overflow=limits.body_in_memory,
            max_request_header_size=limits.headers,
            max_request_body_size=limits.discarded_body + 1,
            ident=None,
            # Clients that leave are no event.
            log_socket_errors=False,
        )
        self._dispatcher.set_thread_count(threads)

    def run(self) -> None:
        """Serve until :meth:`stop`; then finish the requests that have arrived."""
        self._watch(self.trigger._fileno)
        while not self._finished():
            self._check_times()
            self._watch(self._fileno)
            for key, events in self._selector.select(self._dispatcher.tick() or TICK):
                self._touched.add(key.fd)
                self._handle(key.fd, events)
            self._push_pieces()
            touched, self._touched = self._touched | self._answering, set()
            for descriptor in touched:
                self._follow(descriptor)
        for dispatcher in (self._dispatcher, self._form_dispatcher):
            dispatcher.shutdown(timeout=1)
        for channel in list(self.active_channels.values()):
            channel.handle_close()
        self.close()
        self._selector.close()

    def stop(self, signum: int = 0, frame: FrameType | None = None) -> None:
        """Accept no more connections and let :meth:`run` return; a signal handler."""
        self._stop_asked = True
        # Closed where the loop has ended before.
        with contextlib.suppress(OSError):
            self.pull_trigger()

    def stop_at_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)

    def add_task(self, task: BoundedChannel) -> None:
        """Give the connection's request to a thread; uploads wait for each other and for no thread of the rest."""
        kind = task.requests[0].headers.get("CONTENT_TYPE", "").lower()
        is_form = kind.startswith("multipart/form-data")
        (self._form_dispatcher if is_form else self._dispatcher).add_task(task)

    def post(self, channel: BoundedChannel, data: bytes, *, last: bool) -> None:
        """Let the loop send a piece of a held answer; called by any thread."""
        self._pieces.append((channel, data, last))
        # Closed where the loop has ended before.
        with contextlib.suppress(OSError):
            self.pull_trigger()

    def maintenance(self, now: float) -> None:
        """Nothing: :meth:`_check_times` replaces it, with a clock that is never set."""

    def touch(self, descriptor: int) -> None:
        """Ask the connection, which is new, in this round what it waits for."""
        self._touched.add(descriptor)

    def forget(self, descriptor: int | None) -> None:
        """Watch the descriptor no more; it is about to be closed."""
        if descriptor is not None and self._interest.pop(descriptor, 0):
            self._selector.unregister(descriptor)
        self._answering.discard(descriptor or 0)

    def _handle(self, descriptor: int, events: int) -> None:
        flags = (select.POLLIN if events & selectors.EVENT_READ else 0) | (
            select.POLLOUT if events & selectors.EVENT_WRITE else 0
        )
        if (handler := self._map.get(descriptor)) is not None:
            wasyncore.readwrite(handler, flags)

    def _push_pieces(self) -> None:
        for _ in range(len(self._pieces)):
            channel, data, last = self._pieces.popleft()
            descriptor = channel._fileno
            if descriptor is not None and self.active_channels.get(descriptor) is channel:
                channel.push(data, last=last)
                self._touched.add(descriptor)

    def _follow(self, descriptor: int) -> None:
        """Continue a connection after an event or a step of a worker thread."""
        channel = self.active_channels.get(descriptor)
        if channel is None:
            self._answering.discard(descriptor)
            return
        channel.advance()
        if channel.in_progress:
            self._answering.add(descriptor)
        else:
            self._answering.discard(descriptor)
        self._watch(descriptor)

    def _watch(self, descriptor: int | None) -> None:
        """Wait for what the handler of the descriptor wants to do now."""
        handler = self._map.get(descriptor)
        if handler is None or descriptor is None:
            return
        wanted = (selectors.EVENT_READ if handler.readable() else 0) | (
            selectors.EVENT_WRITE if handler.writable() else 0
        )
        before = self._interest.get(descriptor, 0)
        if wanted == before:
            return
        if not wanted:
            self._selector.unregister(descriptor)
        elif before:
            self._selector.modify(descriptor, wanted)
        else:
            self._selector.register(descriptor, wanted)
        self._interest[descriptor] = wanted

    def _check_times(self) -> None:
        now = time.monotonic()
        if now < self._check_at:
            return
        self._check_at = now + TICK
        for descriptor, channel in list(self.active_channels.items()):
            channel.expire(now)
            self._follow(descriptor)

    def _finished(self) -> bool:
        if not self._stop_asked:
            return False
        now = time.monotonic()
        if not self._stop_at:
            self._stop_at = now + self.limits.stop_time
            wasyncore.dispatcher.close(self)
        for channel in list(self.active_channels.values()):
            if not channel.in_progress:
                channel.handle_close()
        return not self.active_channels or now >= self._stop_at

    def del_channel(self, map: Any = None) -> None:
        self.forget(self._fileno)
        super().del_channel(map)
