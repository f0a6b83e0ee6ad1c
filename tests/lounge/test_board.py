"""GET /lounge/board/: the whole board in pages."""

from __future__ import annotations

import base64
import datetime

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tests.lounge.kit import write
from user.models import User


def numbered(author: User, numbers: range, *, same_time: bool = False) -> None:
    now = timezone.now() - datetime.timedelta(hours=1)
    for number in numbers:
        moment = now if same_time else now + datetime.timedelta(seconds=number)
        write(author, f"entry {number}", created_at=moment)


def contents(page: dict[str, list[dict[str, str]]]) -> list[int]:
    return [int(entry["content"].split()[1]) for entry in page["results"]]


def test_an_entry_looks_as_on_the_page_of_the_lounge(as_alice: APIClient, alice: User, bob: User) -> None:
    write(bob)
    page = as_alice.get("/lounge/board/").json()
    assert (page["next"], page["previous"]) == (None, None)
    (entry,) = as_alice.get("/lounge/").json()["board"]
    (row,) = page["results"]
    assert {name: row[name] for name in entry} == entry


@pytest.mark.parametrize("same_time", [False, True])
def test_the_pages_hold_every_entry_once_newest_first(
    as_alice: APIClient, alice: User, same_time: bool
) -> None:
    numbered(alice, range(70), same_time=same_time)
    seen: list[int] = []
    url = "/lounge/board/"
    while url:
        page = as_alice.get(url).json()
        seen += contents(page)
        url = page["next"]
    assert seen == list(reversed(range(70)))


def test_entries_written_meanwhile_move_nothing(as_alice: APIClient, alice: User) -> None:
    numbered(alice, range(40))
    first = as_alice.get("/lounge/board/").json()
    numbered(alice, range(40, 55))
    second = as_alice.get(first["next"]).json()
    assert contents(first) + contents(second) == list(reversed(range(40)))
    assert contents(as_alice.get(second["previous"]).json()) == contents(first)


def test_the_size_of_a_page_can_be_chosen_within_bounds(as_alice: APIClient, alice: User) -> None:
    numbered(alice, range(101))
    sizes = {
        asked: len(as_alice.get(f"/lounge/board/?page_size={asked}").json()["results"])
        for asked in ("7", "0100", "1000000", "9" * 5000)
    }
    assert sizes == {"7": 7, "0100": 100, "1000000": 100, "9" * 5000: 100}


@pytest.mark.parametrize("size", ["0", "-1", "x", "", "1.5"])
def test_a_page_size_that_is_no_number_from_1_on_is_a_400(as_alice: APIClient, size: str) -> None:
    response = as_alice.get("/lounge/board/", {"page_size": size})
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "invalid_page_size"


@pytest.mark.parametrize(
    "cursor",
    [
        "garbage",
        "é",
        *(
            base64.b64encode(text).decode()
            for text in (
                b"p=yesterday",
                b"p=2026-13-45 00:00:00",
                b"p=2026-01-01 00:00:00",
                b"p=%00",
                b"o=x",
                b"r=x",
                b"p=",
            )
        ),
    ],
)
def test_a_made_up_cursor_is_400(as_alice: APIClient, cursor: str) -> None:
    response = as_alice.get("/lounge/board/", {"cursor": cursor})
    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [
        ("cursor", "invalid_cursor")
    ]
