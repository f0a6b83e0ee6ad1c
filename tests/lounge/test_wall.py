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

from lounge import wall
from lounge.models import WALL_LINK_LIFETIME, WallLink
from tests.admin import admin_client, staff
from tests.lounge.kit import crowd
from user.models import User

URL = "/wall/portraits/"


def new_key(house: int | None = None, **fields: Any) -> str:
    return wall.make_key(WallLink.objects.create(house_id=house, **fields))


def get(client: Client, key: str, **query: str) -> Any:
    return client.get(URL, query, headers={"Authorization": f"Wall {key}"})


def names(client: Client, key: str, **query: str) -> list[str]:
    response = get(client, key, **query)
    assert response.status_code == 200
    return [row["fullname"] for row in response.json()["results"]]


def test_a_key_opens_the_school_or_one_house(client: Client, alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(portrait_at=timezone.now())
    assert names(client, new_key()) == ["Bob", "Alice"]
    assert names(client, new_key(3)) == ["Bob"]
    assert names(client, new_key(2)) == []


def test_only_new_portraits_come_after_the_first_answer(client: Client, alice: User, bob: User) -> None:
    key = new_key()
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
    key = new_key()
    # Signed by the service, but not as a link: of another page, and of a link that was never made.
    for other in (signing.Signer(salt="another").sign("1"), wall.make_key(WallLink(pk=77))):
        assert get(client, other).status_code == 403
    WallLink.objects.update(expires_at=timezone.now() - datetime.timedelta(seconds=1))
    assert get(client, key).status_code == 403


def test_a_key_from_before_there_were_rows_opens_until_it_is_a_week_old(
    client: Client, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = signing.TimestampSigner(salt="lounge.wall")
    school, house = signer.sign("school"), signer.sign("3")
    assert (len(names(client, school)), names(client, house)) == (2, ["Bob"])
    later = time.time() + (WALL_LINK_LIFETIME + datetime.timedelta(minutes=1)).total_seconds()
    monkeypatch.setattr(time, "time", lambda: later)
    assert get(client, school).status_code == 403


def test_it_tells_no_more_than_the_gallery(client: Client, alice: User) -> None:
    (row,) = get(client, new_key()).json()["results"]
    assert set(row) == {"id", "fullname", "house", "portrait", "portrait_at"}


def test_three_queries_however_many_portraits(
    client: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    crowd(2, 70)
    key = new_key()
    with django_assert_num_queries(3):
        assert len(names(client, key)) == wall.SHOWN


FORM = {"action": "wall_links", "_selected_action": [1, 3]}
LIST = "/admin/lounge/walllink/"


def test_staff_make_links(admin: Client, viewer: Client, stranger: Client, alice: User) -> None:
    page = admin.post("/admin/dormitory/house/", FORM).content.decode()
    links = re.findall(r'value="http://testserver/wall/#([^"]+)"', page)
    assert [names(Client(), key) for key in links] == [["Alice"], ["Alice"], []]
    assert {link.created_by.username for link in WallLink.objects.all() if link.created_by} == {"minerva"}
    assert Client().get("/wall/").status_code == 200
    # Who may not see students, or make links, is not even offered it.
    halves = (staff("argus", "dormitory.view_house", "lounge.add_walllink"), staff("irma", "user.view_user"))
    for client in (viewer, stranger, *map(admin_client, halves)):
        assert "/wall/#" not in client.post("/admin/dormitory/house/", FORM).content.decode()
    assert WallLink.objects.count() == 3


def test_staff_revoke_one_link_and_the_others_stay(admin: Client, viewer: Client, alice: User) -> None:
    admin.post(f"{LIST}add/", {"label": "Great hall", "expires_at_0": "2099-01-01", "expires_at_1": "12:00"})
    hall, other = WallLink.objects.get(label="Great hall"), WallLink.objects.create()
    assert hall.created_by is not None
    assert wall.address(hall, "") in admin.get(f"{LIST}{hall.pk}/change/").content.decode()

    form = {"action": "revoke", "_selected_action": [hall.pk]}
    viewer.post(LIST, form)
    assert names(Client(), wall.make_key(hall)) == ["Alice"]
    assert "is revoked" in admin.post(LIST, form, follow=True).content.decode()
    assert get(Client(), wall.make_key(hall)).status_code == 403
    assert names(Client(), wall.make_key(other)) == ["Alice"]
    # A link that opens nothing is shown no more, and a second revocation keeps the time of the first.
    assert wall.address(hall, "") not in admin.get(LIST).content.decode()
    hall.refresh_from_db()
    first = hall.revoked_at
    admin.post(LIST, form)
    hall.refresh_from_db()
    assert hall.revoked_at == first


def test_links_are_seen_by_staff_who_may_see_students_alone(alice: User) -> None:
    links = ("lounge.view_walllink", "lounge.add_walllink", "lounge.change_walllink")
    blind = admin_client(staff("argus", *links))
    seeing = admin_client(staff("filius", *links, "user.view_user"))
    assert blind.get(LIST).status_code == blind.get(f"{LIST}add/").status_code == 403
    assert seeing.get(LIST).status_code == seeing.get(f"{LIST}add/").status_code == 200
