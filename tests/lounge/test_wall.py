"""The projector page opens with a signed key, and shows new portraits of the school or of one house."""

from __future__ import annotations

import datetime
import re
import time
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dormitory.models import House
from lounge import wall
from tests.admin import admin_client, staff
from tests.lounge.kit import crowd
from user.models import User

URL = "/wall/portraits/"


def get(client: Client, key: str, **query: str) -> Any:
    return client.get(URL, query, headers={"Authorization": f"Wall {key}"})


def names(client: Client, key: str, **query: str) -> list[str]:
    response = get(client, key, **query)
    assert response.status_code == 200
    return [row["fullname"] for row in response.json()["results"]]


def test_a_key_opens_the_school_or_one_house(client: Client, alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(portrait_at=timezone.now())
    assert names(client, wall.make_key()) == ["Bob", "Alice"]
    assert names(client, wall.make_key(House.objects.get(pk=3))) == ["Bob"]
    assert names(client, wall.make_key(House.objects.get(pk=2))) == []


def test_only_new_portraits_come_after_the_first_answer(client: Client, alice: User, bob: User) -> None:
    key = wall.make_key()
    as_of = get(client, key).json()["as_of"]
    assert names(client, key, since=as_of) == []
    User.objects.filter(pk=alice.pk).update(portrait_at=timezone.now())
    assert names(client, key, since=as_of) == ["Alice"]
    User.objects.filter(pk=alice.pk).update(portrait="")
    assert names(client, key, since=as_of) == []
    assert names(client, key, since="nonsense") == ["Bob"]


@pytest.mark.parametrize("key", ["", "school", "school:1:abc", "한글"])
def test_other_keys_open_nothing(client: Client, alice: User, key: str) -> None:
    response = client.get(URL, headers={"Authorization": f"Wall {key}".encode().decode("latin-1")})
    assert (response.status_code, response.json()["code"]) == (403, "wall_link_invalid")
    assert client.get(URL).status_code == 403
    assert client.post(URL).status_code == 405


def test_a_key_ends_and_is_no_other_signature(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = wall.make_key()
    assert get(client, signing.TimestampSigner(salt="another").sign("school")).status_code == 403
    later = time.time() + (wall.LIFETIME + datetime.timedelta(minutes=1)).total_seconds()
    monkeypatch.setattr(time, "time", lambda: later)
    assert get(client, key).status_code == 403


def test_it_tells_no_more_than_the_gallery(client: Client, alice: User) -> None:
    (row,) = get(client, wall.make_key()).json()["results"]
    assert set(row) == {"id", "fullname", "house", "portrait", "portrait_at"}


def test_two_queries_however_many_portraits(
    client: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    crowd(2, 70)
    with django_assert_num_queries(2):
        assert len(names(client, wall.make_key())) == wall.SHOWN


def test_staff_make_links(admin: Client, viewer: Client, stranger: Client, alice: User) -> None:
    form = {"action": "wall_links", "_selected_action": [1, 3]}
    page = viewer.post("/admin/dormitory/house/", form).content.decode()
    links = re.findall(r'value="http://testserver/wall/#([^"]+)"', page)
    assert [names(Client(), key) for key in links] == [["Alice"], ["Alice"], []]
    half = admin_client(staff("argus", "dormitory.view_house"))
    for client in (stranger, half):
        assert client.post("/admin/dormitory/house/", form).status_code == 403
    assert Client().get("/wall/").status_code == 200
