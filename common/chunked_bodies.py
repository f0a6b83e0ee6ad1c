"""Bodies without an announced length, as some tunnels send them: Django would take them for empty ones."""

from __future__ import annotations

import http
import json
import tempfile
from collections.abc import Callable, Iterable
from typing import IO, Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _

from common.problems import CONTENT_TYPE, problem

PIECE = 64 * 1024

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class DiscardedStream:
    """Stands in for a body that was too long to be kept. The views that read it refuse it in their own words."""

    def read(self, size: int = -1) -> NoReturn:
        raise RequestDataTooBig("The body was longer than the server keeps.")

    readline = read

    def close(self) -> None:
        """Nothing is open."""


class WithLength:
    """A WSGI application whose requests all have a ``CONTENT_LENGTH``.

    A chunked body is read before the application is called, and counted as it comes: up to ``kept`` bytes it is kept,
    in a file beyond ``in_memory``; then it is thrown away up to ``discarded`` bytes, so that the client, which has
    sent all, sees the answer. gunicorn and most other servers decode the chunks and set ``wsgi.input_terminated``;
    the server of ``manage.py serve`` announces the length by itself. From others the body cannot be read: 411.
    """

    def __init__(
        self, application: Application, *, kept: int, discarded: int, in_memory: int = PIECE
    ) -> None:
        self.application = application
        self.kept, self.discarded, self.in_memory = kept, discarded, in_memory

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        coding = environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        if environ.get("CONTENT_LENGTH") or "chunked" not in coding:
            return self.application(environ, start_response)
        if not environ.get("wsgi.input_terminated"):
            return _refusal(
                start_response,
                http.HTTPStatus.LENGTH_REQUIRED,
                code="length_required",
                detail=_("The request must announce the length of its body."),
            )
        try:
            length, body = self._received(environ["wsgi.input"])
        except (OSError, ValueError):
            # The chunks are broken, or the client has left.
            return _refusal(
                start_response,
                http.HTTPStatus.BAD_REQUEST,
                code="bad_request",
                detail=_("This request cannot be understood."),
            )
        counted = {**environ, "CONTENT_LENGTH": str(length), "wsgi.input": body}
        return self.application(counted, start_response)

    def _received(self, stream: IO[bytes]) -> tuple[int, Any]:
        """The length that was counted, and the body or what stands in for it."""
        length = 0
        # Closed with the request by the collector; a view may read it while the answer is sent.
        body: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=self.in_memory)  # noqa: SIM115
        while length <= self.discarded and (piece := stream.read(PIECE)):
            length += len(piece)
            if length <= self.kept:
                body.write(piece)
            elif not body.closed:
                body.close()
        if length > self.kept:
            return length, DiscardedStream()
        body.seek(0)
        return length, body


def _refusal(
    start_response: Callable[..., Any], status: http.HTTPStatus, code: str, detail: str
) -> list[bytes]:
    """A problem that is answered without the application."""
    body = json.dumps(problem(status, code, detail), ensure_ascii=False).encode()
    headers = [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body))), ("Connection", "close")]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
