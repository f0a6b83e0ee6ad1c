"""The sending of an answer: small ones in one piece, and without ending a connection that can be used again."""

from __future__ import annotations

from typing import Any

from waitress.task import WSGITask

from common.http_server.held import HOLD, HeldAnswer

# A longer first piece of a body is sent after the headers instead of being copied behind them.
JOINED_BYTES = 64 * 1024


class JoinedTask(WSGITask):
    """waitress's task, with three differences.

    waitress sends the headers by themselves, which costs a system call and, among several threads, a wait for the
    interpreter. And it ends the connection after each 304 and 204, whose length need not be announced (RFC 9112,
    section 6.3): clients that poll would have to open a connection for each request. And an application may hold its
    answer open (:mod:`common.http_server.held`).
    """

    wrote_header: bool
    held = False

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[HOLD] = self._hold
        return environ

    def _hold(self) -> HeldAnswer:
        """Keep the answer open, of which something must have been sent."""
        assert self.wrote_header
        self.held = self.channel.held = True
        return HeldAnswer(self.channel, chunked=self.chunked_response)

    def finish(self) -> None:
        if self.held:
            # The connection is neither closed nor used for another request.
            self.close_on_finish = False
        else:
            super().finish()

    def write(self, data: bytes) -> None:
        if (
            self.wrote_header
            or not self.complete
            or not 0 < len(data) <= JOINED_BYTES
            or self.content_length != len(data)
            or not self.has_body
        ):
            super().write(data)
            return
        # Announced and not chunked: the body is this piece.
        self.channel.write_soon(self.build_response_header() + data)
        self.wrote_header = True
        self.content_bytes_written = len(data)

    def set_close_on_finish(self) -> None:
        wanted = self.request.headers.get("CONNECTION", "").lower()
        if self.has_body or self.wrote_header or self.version != "1.1" or wanted == "close":
            super().set_close_on_finish()
