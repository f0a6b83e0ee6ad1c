"""Bodies without a length arrive whole through servers that decode the chunks, such as gunicorn."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig
from django.test import RequestFactory
from django.test.client import ClientHandler

from common.chunked_bodies import WithLength
from config.wsgi import with_lengths
from user.models import User


class Broken(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError("invalid chunk size")


def read_body(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """An application that answers with the announced length and what it reads."""
    try:
        found = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    except RequestDataTooBig:
        found = b"too big"
    start_response("200 OK", [])
    return [environ["CONTENT_LENGTH"].encode(), found]


def sent(body: io.BytesIO, **more: Any) -> tuple[str, list[bytes]]:
    statuses: list[str] = []
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "wsgi.input": body, **more}
    wrapped = WithLength(read_body, kept=100, discarded=300, in_memory=10)
    answer = list(wrapped(environ, lambda status, _headers: statuses.append(status)))
    return statuses[0], answer


@pytest.mark.parametrize("length", [0, 1, 50, 100])
def test_a_body_up_to_the_limit_gets_its_length(length: int) -> None:
    body = os.urandom(length)
    assert sent(io.BytesIO(body)) == ("200 OK", [str(length).encode(), body])


def test_a_longer_body_is_counted_and_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.chunked_bodies.PIECE", 64)
    assert sent(io.BytesIO(bytes(250))) == ("200 OK", [b"250", b"too big"])
    endless = io.BytesIO(bytes(10_000))
    _status, (counted, _refusal) = sent(endless)
    # Not to its end, which may never come.
    assert 300 < int(counted) == endless.tell() < 400


def test_what_cannot_be_read_is_refused() -> None:
    assert sent(Broken())[0] == "400 Bad Request"
    status, (body,) = sent(io.BytesIO(b"{}"), **{"wsgi.input_terminated": False})
    assert (status, json.loads(body)["code"]) == ("411 Length Required", "length_required")


def test_an_announced_body_is_passed_on_as_it_is() -> None:
    body = io.BytesIO(b"hello")
    assert sent(body, CONTENT_LENGTH="5", HTTP_TRANSFER_ENCODING="")[1] == [b"5", b"hello"]


@pytest.mark.django_db
def test_a_chunked_sign_up_makes_an_account() -> None:
    form = json.dumps({"fullname": "C", "username": "chunk", "password": "correct horse 9"}).encode()
    environ = {
        **RequestFactory().post("/user/").environ,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input_terminated": True,
        "wsgi.input": io.BytesIO(form),
    }
    handler = ClientHandler()

    def django(environ: dict[str, Any], _start: Callable[..., Any]) -> Iterable[bytes]:
        response: Any = handler(environ)
        return [response.content]

    (answer,) = with_lengths(django)(environ, print)
    assert json.loads(answer) == {"messages": "가입 성공"}
    assert User.objects.get().username == "chunk"
