"""The format of an answer is negotiated as the framework does it."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from tests.conftest import client_of
from user.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "accept", [None, "", "*/*", "application/json", "text/html, */*;q=0.1", "application/*"]
)
@pytest.mark.parametrize("path", ["/user/portrait/", "/user/portrait/options/"])
def test_who_takes_json_gets_it(alice: User, path: str, accept: str | None) -> None:
    client = client_of(alice)
    response = client.get(path, headers={} if accept is None else {"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


def test_who_takes_no_json_is_told_so(as_alice: APIClient) -> None:
    for path in ("/user/portrait/", "/user/portrait/options/"):
        assert as_alice.get(path, headers={"Accept": "text/html"}).status_code == 406


def test_a_format_in_the_query_counts(as_alice: APIClient) -> None:
    assert as_alice.get("/user/portrait/?format=json").status_code == 200
    assert as_alice.get("/user/portrait/?format=xml").status_code == 404
