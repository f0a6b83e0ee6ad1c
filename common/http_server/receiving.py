"""The parser of requests: bodies that are too long are counted and thrown away."""

from __future__ import annotations

from typing import Any

from waitress.parser import HTTPRequestParser

from common.chunked_bodies import DiscardedStream
from common.http_server.limits import Limits


class DiscardedBody(DiscardedStream):
    """Stands in for waitress's receiver and buffer of a body whose announced ``length`` is above the limit.

    The view that reads it gets Django's RequestDataTooBig, which the API answers with 413; a view that checks the
    announced length before it reads can answer with a code of its own.
    """

    error = None

    def __init__(self, length: int) -> None:
        self.remaining = length

    @property
    def completed(self) -> bool:
        return self.remaining == 0

    def received(self, data: bytes) -> int:
        taken = min(len(data), self.remaining)
        self.remaining -= taken
        return taken

    def getfile(self) -> DiscardedBody:
        return self

    def getbuf(self) -> DiscardedBody:
        return self


class DiscardingBuffer(DiscardedStream):
    """Takes the place of the buffer of a chunked body that has become too long; it only counts."""

    def __init__(self, length: int) -> None:
        self.length = length

    def append(self, data: bytes) -> None:
        self.length += len(data)

    def __len__(self) -> int:
        return self.length

    def getfile(self) -> DiscardingBuffer:
        return self


class BoundedParser(HTTPRequestParser):
    """waitress's parser with two limits for the body, see :class:`common.http_server.limits.Limits`."""

    error: Any

    def __init__(self, adj: Any, limits: Limits) -> None:
        super().__init__(adj)
        self.limits = limits

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if not self.chunked and self.limits.kept_body < self.content_length <= self.limits.discarded_body:
            self.body_rcv = DiscardedBody(self.content_length)

    def received(self, data: bytes) -> int:
        consumed = int(super().received(data))
        # The length of a chunked body is not announced: it is counted as it comes.
        receiver: Any = self.body_rcv
        if self.chunked and receiver is not None and len(receiver) > self.limits.kept_body:
            kept = receiver.getbuf()
            if not isinstance(kept, DiscardingBuffer):
                receiver.buf = DiscardingBuffer(len(receiver))
                kept.close()
        return consumed
