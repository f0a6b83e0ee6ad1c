"""Every error has one shape: RFC 9457 problem details with a stable code."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from rest_framework.test import APIClient

from common import problems

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere/", 404, "not_found"),
        ("GET", "/user", 404, "not_found"),
        ("GET", "/user/", 405, "method_not_allowed"),
        ("DELETE", "/user/api/token/", 405, "method_not_allowed"),
        ("GET", "/user/info/", 401, "not_authenticated"),
    ],
)
def test_whatever_goes_wrong_has_the_same_members(
    visitor: APIClient, method: str, path: str, status: int, code: str
) -> None:
    response = visitor.generic(method, path)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert (body["status"], body["code"]) == (status, code)


def test_another_content_type_is_415(visitor: APIClient) -> None:
    response = visitor.post("/user/", "<xml/>", content_type="application/xml")
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_sentences_are_korean_unless_english_is_asked_for(visitor: APIClient) -> None:
    assert visitor.get("/nowhere/").json()["detail"] == "There is nothing at this address."
    assert APIClient().get("/nowhere/").json()["detail"] == "요청하신 주소에는 아무것도 없습니다."
    french = APIClient(headers={"Accept-Language": "fr"})
    assert french.get("/nowhere/").json()["detail"] == "요청하신 주소에는 아무것도 없습니다."


def test_our_own_faults_give_nothing_away() -> None:
    response = problems.server_error(HttpRequest())
    assert response.status_code == 500
    assert b"server_error" in response.content


def test_nested_form_errors_are_listed_with_their_paths() -> None:
    detail = {"a": ["no"], "list": [{}, {"b": ["bad"]}], "non_field_errors": ["whole"]}
    assert [(entry["field"], entry["detail"]) for entry in problems.field_errors(detail)] == [
        ("a", "no"),
        ("list.1.b", "bad"),
        ("", "whole"),
    ]
