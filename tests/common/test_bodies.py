"""Malformed bodies are answered with a 4xx problem and never with a server error."""

from __future__ import annotations

import pytest
from django.conf import settings
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"NaN",
        b"\xff\xfe",
        b'{"username": ' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "cut off", "deep list", "deep object", "no number", "no text", "endless number"],
)
def test_what_is_no_json_is_a_400(visitor: APIClient, body: bytes) -> None:
    response = visitor.post("/user/", body, content_type="application/json")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == ("malformed_body" if body else "invalid")


@pytest.mark.parametrize("charset", ["rot13", "zlib", "undefined", "utf-16", "no-such-thing"])
def test_a_made_up_charset_is_a_400(visitor: APIClient, charset: str) -> None:
    response = visitor.post("/user/", b'{"a": 1}', content_type=f"application/json; charset={charset}")
    assert response.status_code == 400
    assert response.json()["code"] in ("malformed_body", "invalid")


def test_the_sentence_about_bad_json_is_translated(visitor: APIClient) -> None:
    assert visitor.post("/user/", b"{", content_type="application/json").json()["detail"] == (
        "The body is not valid JSON."
    )
    korean = APIClient().post("/user/", b"{", content_type="application/json")
    assert korean.json()["detail"] == "요청 본문이 올바른 JSON이 아닙니다."


def test_a_body_longer_than_any_form_is_refused(visitor: APIClient) -> None:
    body = b'"' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"'
    response = visitor.post("/user/", body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("text", ["a\\u0000b", "a\\ud800b"])
def test_characters_that_no_database_keeps_are_refused(visitor: APIClient, text: str) -> None:
    body = '{"fullname": "%s", "username": "%s", "password": "%s"}' % (text, text, text)  # noqa: UP031
    response = visitor.post("/user/", body, content_type="application/json")
    assert response.status_code == 400
    assert {entry["field"] for entry in response.json()["errors"]} == {"fullname", "username", "password"}


@pytest.mark.parametrize("number", ["1e999", "-1e999", "123456789012345678901234567890", "0.5", "true"])
def test_numbers_beyond_the_database_are_no_house(as_alice: APIClient, houses: None, number: str) -> None:
    body = f'{{"dormitory": {number}, "birthday": "1981-02-13"}}'
    response = as_alice.post("/user/info/", body, content_type="application/json")
    assert response.status_code == 400
    assert [entry["field"] for entry in response.json()["errors"]] == ["dormitory"]


@pytest.mark.parametrize("token", ["", "a b", "a.b.c", "\xff", "eyJhbGciOiJub25lIn0.e30."])
def test_made_up_tokens_are_a_401(visitor: APIClient, token: str) -> None:
    response = visitor.get("/user/me/", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/docs/", "/schema/", "/media/portraits/a.webp"])
def test_addresses_that_are_only_read_refuse_the_rest_as_a_problem(visitor: APIClient, path: str) -> None:
    client = APIClient(enforce_csrf_checks=True)
    response = client.post(path)
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response["Content-Type"] == "application/problem+json"
    assert "GET" in response["Allow"]
