"""Everyone is in the gallery, once, in the order that was asked for."""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from tests.conftest import client_of
from tests.conftest import student as new_student
from tests.lounge.kit import BIRTHDAY, crowd, sort
from tests.portrait.kit import make_portrait
from user.models import User

URL = "/lounge/gallery/"


def everyone(client: APIClient, **query: Any) -> list[dict[str, Any]]:
    """All pages, one after the other."""
    found: list[dict[str, Any]] = []
    response = client.get(URL, query)
    while True:
        assert response.status_code == 200, response.content
        page = response.json()
        found += page["results"]
        if page["next"] is None:
            return found
        response = client.get(page["next"])


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["fullname"] for row in rows]


def test_newest_portraits_come_first_and_everyone_comes_once(as_alice: APIClient, alice: User) -> None:
    others = crowd(2, 4) + crowd(3, 3)
    now = timezone.now()
    for age, student in enumerate([*others, alice]):
        student.portrait_at = now - datetime.timedelta(minutes=age // 2)
        student.save()
    expected = sorted([*others, alice], key=lambda each: (each.portrait_at, each.pk), reverse=True)
    for size in (1, 3, 100):
        rows = everyone(as_alice, page_size=size)
        assert [row["id"] for row in rows] == [student.pk for student in expected]


def test_a_student_who_joins_between_two_pages_moves_nobody(as_alice: APIClient) -> None:
    crowd(2, 5)
    for order in ("newest", "random"):
        first = as_alice.get(URL, {"page_size": 3, "order": order, "seed": 5}).json()
        sort(User(username=f"late-{order}", fullname="Late", password="!"), 4)
        rest = everyone(as_alice, **_query(first["next"]))
        seen = [row["id"] for row in [*first["results"], *rest]]
        assert len(seen) == len(set(seen)) >= 6


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def test_a_seed_is_an_order_that_stays(as_alice: APIClient) -> None:
    crowd(1, 30)
    orders = [names(everyone(as_alice, order="random", seed=seed, page_size=7)) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) == sorted(names(everyone(as_alice)))
    assert orders[0] not in (sorted(orders[0]), sorted(orders[0], reverse=True))


def test_search_and_house_narrow_it(as_alice: APIClient, bob: User) -> None:
    crowd(2, 3)
    sort(User(username="luna", fullname="김루나", password="!"), 2)
    assert names(everyone(as_alice, name="루나")) == ["김루나"]
    assert names(everyone(as_alice, name="ALI")) == ["Alice"]
    # As a keyboard sends it that composes syllables of parts.
    assert names(everyone(as_alice, name="\u1105\u116e\u1102\u1161")) == ["김루나"]
    assert len(everyone(as_alice, house=2)) == 4
    assert names(everyone(as_alice, house=3)) == ["Bob"]
    assert names(everyone(as_alice, house=2, name="n1", order="random")) == ["H2 N1"]
    for part in ("%", "_"):
        assert everyone(as_alice, name=part) == []
    assert everyone(as_alice, house=99) == []


def test_it_tells_a_students_name_house_and_portrait_and_nothing_else(
    as_alice: APIClient, alice: User
) -> None:
    alice.tile.name = "portraits/0123456789abcdef0123456789abcdef/1-ab.webp"
    alice.save()
    (row,) = everyone(as_alice)
    base = "http://testserver"
    assert row == {
        "id": alice.pk,
        "fullname": "Alice",
        "house": {"id": 1, "name": "Gryffindor", "local_name": "Gryffindor", "colour": "#8c1d2f"},
        "portrait": {
            "still": f"{base}/lounge/stills/0123456789abcdef0123456789abcdef/1-ab.webp",
            "tile": base + alice.tile.url,
            "poster": base + alice.poster.url,
            "webp": base + alice.portrait.url,
            "live": None,
        },
        "portrait_at": timezone.localtime(alice.portrait_at).isoformat(),
        "joined": timezone.localdate().isoformat(),
    }
    assert str(BIRTHDAY.year) not in str(row)


def test_the_house_has_a_korean_name_beside_the_latin_one(as_korean_alice: APIClient) -> None:
    house = everyone(as_korean_alice)[0]["house"]
    assert (house["name"], house["local_name"]) == ("Gryffindor", "그리핀도르")


def test_a_student_without_a_portrait_is_in_it_and_one_without_a_house_is_not(
    as_alice: APIClient, alice: User
) -> None:
    bare = sort(User(username="new", fullname="New", password="!"), 2)
    User.objects.filter(pk=bare.pk).update(portrait="", poster="portraits/a/painted.png", tile="")
    User.objects.create_user(username="unsorted", fullname="Unsorted")
    closed = sort(User(username="closed", fullname="Closed", password="!"), 2)
    User.objects.filter(pk=closed.pk).update(is_active=False)
    rows = {row["fullname"]: row for row in everyone(as_alice)}
    assert rows.keys() == {"Alice", "New"}
    # A painted still of a portrait that is being made is not finished.
    assert set(rows["New"]["portrait"].values()) == {None}
    assert rows["New"]["portrait_at"] is None


def test_new_portraits_are_counted_since_the_page_was_read(as_alice: APIClient, bob: User) -> None:
    as_of = as_alice.get(URL).json()["as_of"]

    def new() -> int:
        response = as_alice.get(f"{URL}new/", {"since": as_of})
        assert response.status_code == 200
        count: int = response.json()["count"]
        return count

    assert new() == 0
    make_portrait(bob)
    assert new() == 1
    assert names(everyone(as_alice))[0] == "Bob"


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"cursor": "nonsense"}, "cursor", "invalid_cursor"),
        ({"cursor": "WzEsIDJd"}, "cursor", "invalid_cursor"),
        ({"cursor": "WyJ4IiwgMl0=", "order": "random"}, "cursor", "invalid_cursor"),
        ({"page_size": "0"}, "page_size", "invalid_page_size"),
        ({"order": "oldest"}, "order", "invalid_choice"),
        ({"house": "x"}, "house", "invalid"),
        ({"seed": "-1"}, "seed", "min_value"),
        ({"name": "x" * 41}, "name", "max_length"),
    ],
)
def test_a_wrong_query_is_refused(as_alice: APIClient, query: dict[str, str], field: str, code: str) -> None:
    response = as_alice.get(URL, query)
    assert response.status_code == 400
    assert [(fault["field"], fault["code"]) for fault in response.json()["errors"]] == [(field, code)]


@pytest.mark.parametrize("query", [{}, {"order": "random"}, {"name": "n", "house": "2"}])
def test_it_takes_as_many_queries_for_50_rows_as_for_1(as_alice: APIClient, query: dict[str, str]) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert as_alice.get(URL, {**query, "page_size": "60"}).status_code == 200
        return len(captured)

    crowd(2, 1)
    one = queries()
    for house in (1, 3, 4):
        crowd(house, 16)
    assert queries() == one <= 4


def test_it_opens_with_the_sorting(visitor: APIClient, db: None) -> None:
    assert visitor.get(URL).status_code == 401
    response = client_of(new_student("unsorted")).get(URL)
    assert (response.status_code, response.json()["code"]) == (404, "not_sorted")
