from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.portrait.kit import make_portrait
from user.models import User

pytestmark = pytest.mark.django_db


def me(client: APIClient) -> dict[str, Any]:
    response = client.get("/user/me/")
    assert response.status_code == 200
    body: dict[str, Any] = response.json()
    return body


def test_before_the_sorting_the_record_is_mostly_empty(as_alice: APIClient, alice: User) -> None:
    body = me(as_alice)
    assert body.pop("signed_up").endswith("+09:00")
    assert body == {
        "id": alice.pk,
        "username": "alice",
        "fullname": "Alice",
        "email": "",
        "birthday": None,
        "join_date": None,
        "house": None,
        "portrait": "http://testserver/web/art/empty-frame.svg",
        "photographed": False,
    }


def test_after_it_the_house_and_the_portrait_are_there(
    as_alice: APIClient, alice: User, houses: None
) -> None:
    User.objects.filter(pk=alice.pk).update(
        house=4, birthday=datetime.date(2001, 2, 13), join_date=datetime.date(2026, 3, 2)
    )
    job = make_portrait(alice)
    with CaptureQueriesContext(connection) as queries:
        body = me(as_alice)
    assert len(queries) == 2
    assert body["house"] == {"id": 4, "name": "Ravenclaw", "local_name": "Ravenclaw", "colour": "#27478f"}
    assert (body["birthday"], body["join_date"]) == ("2001-02-13", "2026-03-02")
    assert body["portrait"] == f"http://testserver{job.webp.url}"


def test_each_student_sees_only_themself(as_alice: APIClient, as_bob: APIClient) -> None:
    assert (me(as_alice)["username"], me(as_bob)["username"]) == ("alice", "bob")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_visitor_has_no_record(visitor: APIClient, method: str) -> None:
    assert visitor.generic(method, "/user/me/").status_code == 401
