"""One connection: requests one after another, each with a time limit in total."""

from __future__ import annotations

from functools import partial
from typing import Any

from waitress.channel import HTTPChannel

from common.http_server.answering import JoinedTask
from common.http_server.held import LONGEST_BACKLOG
from common.http_server.limits import Limits
from common.http_server.receiving import BoundedParser
from common.http_server.refusals import ProblemTask, timeout_answer

ANSWERING, IDLE, HEADERS, BODY, SENDING, HELD = "answering", "idle", "headers", "body", "sending", "held"


class BoundedChannel(HTTPChannel):
    """waitress's channel, which closes a connection that is inactive, with limits for those that are slow.

    All methods but :meth:`send` and waitress's own ``service`` run in the server's one receiving thread.
    """

    task_class = JoinedTask
    error_task_class = ProblemTask
    request: Any
    sent_continue: bool
    close_when_flushed: bool
    # The answer stays open and takes no thread; no further request is read.
    held = False

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:
        self.limits: Limits = server.limits
        self.parser_class = partial(BoundedParser, limits=self.limits)
        self._ahead = b""  # received after the end of a request that is not answered yet
        self._requests_begun = 0
        self._sent = 0
        # What is waited for, since when (monotonic), and the bytes that had been sent by then.
        self._phase: tuple[str, int] = (IDLE, 0)
        self._since = 0.0
        self._sent_before = 0
        super().__init__(server, sock, addr, adj, map=map)

    def received(self, data: bytes) -> bool:
        """Take one request of ``data`` and keep the rest until its answer is sent.

        Pipelined answers would otherwise pile up without limit, and a worker thread would wait for the client.
        """
        with self.requests_lock:
            if self.will_close or self.close_when_flushed:
                return False
            if self.held:
                return True
            if self.requests:
                self._ahead += data
                return True
            if self.request is None:
                self.request = self.parser_class(self.adj)
            request = self.request
            used = request.received(data)
            self._ahead = data[used:]
            if request.expect_continue and request.headers_finished and not self.sent_continue:
                self.send_continue()
            if request.completed:
                self.sent_continue = False
                self.request = None
                if not request.empty:
                    self._requests_begun += 1
                    self.requests.append(request)
                    self.server.add_task(self)
        return True

    def writable(self) -> bool:
        """Whether the loop has something to send or to close.

        A worker thread that is sending holds the lock, and the loop waits for it: it would otherwise be told over and
        over that the connection takes data, and keep the thread from going on.
        """
        if self.will_close or self.close_when_flushed:
            return True
        if not self.total_outbufs_len:
            return False
        with self.outbuf_lock:
            return self.total_outbufs_len > 0

    def advance(self) -> None:
        """Continue with what was received ahead, once the answer before it is sent."""
        while self._ahead and self.readable():
            data, self._ahead = self._ahead, b""
            self.received(data)

    def send(self, data: bytes, do_close: bool = True) -> int:
        sent = int(super().send(data, do_close))
        self._sent += sent
        return sent

    def push(self, data: bytes, *, last: bool) -> None:
        """Send a piece of a held answer. A client that does not read loses its connection."""
        with self.outbuf_lock:
            if not self.connected:
                return
            self.outbufs[-1].append(data)
            self.total_outbufs_len += len(data)
            self._flush_exception(self._flush_some)
            if last:
                self.close_when_flushed = True
        if self.total_outbufs_len > LONGEST_BACKLOG:
            self.handle_close()

    @property
    def in_progress(self) -> bool:
        """Whether a complete request is being answered, or the answer is still being sent."""
        return bool(self.requests or self.total_outbufs_len)

    def _current_phase(self) -> str:
        if self.total_outbufs_len:
            return SENDING
        if self.requests:
            return ANSWERING
        if self.held:
            return HELD
        if self.request is None:
            return IDLE
        return BODY if self.request.headers_finished else HEADERS

    def expire(self, now: float) -> None:
        """Close the connection, or answer 408, if the client has used up its time; called about once a second."""
        phase = (self._current_phase(), self._requests_begun)
        if phase != self._phase or not self._since:
            self._phase, self._since, self._sent_before = phase, now, self._sent
            return
        waited = now - self._since
        rate = self.limits.least_rate
        match phase[0]:
            case "idle" if waited > self.limits.idle_time:
                self.handle_close()
            case "headers" if waited > self.limits.header_time:
                self._refuse_slow()
            case "body" if waited > self.limits.body_time + self.request.body_bytes_received / rate:
                self._refuse_slow()
            case "sending" if waited > self.limits.answer_time + (self._sent - self._sent_before) / rate:
                self.handle_close()

    def _refuse_slow(self) -> None:
        answer = timeout_answer(self.request.headers)
        self.request.close()
        self.request = None
        with self.outbuf_lock:
            self.outbufs[-1].append(answer)
            self.total_outbufs_len += len(answer)
            self.close_when_flushed = True
            self._flush_some()

    def handle_close(self) -> None:
        # waitress keeps the temporary file of a body that was never complete until the collector finds it.
        if self.request is not None:
            self.request.close()
        super().handle_close()

    def add_channel(self, map: Any = None) -> None:
        super().add_channel(map)
        self.server.touch(self._fileno)

    def del_channel(self, map: Any = None) -> None:
        self.server.forget(self._fileno)
        super().del_channel(map)
