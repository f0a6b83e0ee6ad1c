"""What is kept between requests for the lounge never hides a change.

The tests write with querysets, which tell the lounge nothing: so do other processes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from dormitory.models import House
from lounge import board, census
from lounge.models import Entry
from lounge.selectors import BOARD_LENGTH, latest_entries
from lounge.serializers import EntrySerializer
from tests.conftest import client_of, student
from tests.lounge.kit import crowd, sort, write
from user.models import User


def page(client: APIClient) -> dict[str, Any]:
    response = client.get("/lounge/")
    assert response.status_code == 200
    body: dict[str, Any] = response.json()
    return body


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(census, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + seconds))


CHANGES: dict[str, Callable[[Entry], Any]] = {
    "edited": lambda entry: Entry.objects.filter(pk=entry.pk).update(content="Good night!"),
    "hidden": lambda entry: Entry.objects.filter(pk=entry.pk).update(hidden=True),
    "deleted": lambda entry: Entry.objects.filter(pk=entry.pk).delete(),
    "author renamed": lambda entry: User.objects.filter(pk=entry.author_id).update(fullname="Robert"),
    "portrait finished": lambda entry: User.objects.filter(pk=entry.author_id).update(portrait="a/b.webp"),
    "tile finished": lambda entry: User.objects.filter(pk=entry.author_id).update(tile="a/b-tile.webp"),
    "author in another house": lambda entry: User.objects.filter(pk=entry.author_id).update(house=2),
    "house renamed": lambda entry: House.objects.filter(pk=3).update(name="Serpents"),
    "another entry": lambda entry: write(entry.author, "Once more!"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_board_shows_every_change_at_once(
    as_alice: APIClient, bob: User, change: Callable[[Entry], Any]
) -> None:
    entry = write(bob)
    before = page(as_alice)["board"]
    assert page(as_alice)["board"] == before
    change(entry)
    after = page(as_alice)["board"]
    assert after != before
    request: Any = SimpleNamespace(build_absolute_uri=lambda path: f"http://testserver{path}")
    entries: Any = latest_entries()
    assert after == EntrySerializer(entries, many=True, context={"request": request}).data


def test_an_unchanged_board_is_not_read_again_as_entries(
    as_alice: APIClient, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(bob)
    shown = page(as_alice)["board"]
    monkeypatch.setattr(board, "latest_entries", lambda: pytest.fail("the board was written again"))
    assert page(as_alice)["board"] == shown


def test_each_name_of_the_service_has_a_board_of_its_own(as_alice: APIClient, bob: User) -> None:
    write(bob)
    for host in ("localhost", "127.0.0.1", "localhost"):
        icon = as_alice.get("/lounge/", headers={"Host": host}).json()["board"][0]["icon"]
        assert icon.startswith(f"http://{host}/")


def test_an_entry_counts_at_once_whichever_process_took_it(as_alice: APIClient, bob: User) -> None:
    assert page(as_alice)["comments_count"] == [0, 0, 0, 0]
    write(bob)
    assert page(as_alice)["comments_count"] == [0, 0, 1, 0]


def test_students_see_themselves_counted_as_soon_as_they_are_sorted(as_alice: APIClient) -> None:
    assert page(as_alice)["users_count"] == [1, 0, 0, 0]
    carol = sort(student("carol"), 2)
    assert page(client_of(carol))["users_count"] == [1, 1, 0, 0]


def test_another_student_is_counted_and_shown_within_a_second(
    as_alice: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    page(as_alice)
    crowd(2, 1)
    later(monkeypatch, census.KEPT)
    body = page(as_alice)
    assert body["users_count"] == [1, 1, 0, 0]
    assert [member["fullname"] for member in body["house"][1]["users"]] == ["H2 N0"]


def test_one_who_has_left_is_not_shown_from_then_on(as_alice: APIClient, bob: User) -> None:
    assert page(as_alice)["house"][2]["users"] != []
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert page(as_alice)["house"][2]["users"] == []


def test_an_own_entry_below_the_board_is_not_counted_after_its_deletion(
    as_alice: APIClient, alice: User, bob: User
) -> None:
    oldest = write(alice, created_at=timezone.now() - timedelta(days=1))
    Entry.objects.bulk_create([Entry(author=bob, content="Good evening!") for _ in range(BOARD_LENGTH)])
    assert page(as_alice)["comments_count"] == [1, 0, BOARD_LENGTH, 0]
    assert as_alice.delete(f"/lounge/delete/{oldest.pk}/").status_code == 200
    assert page(as_alice)["comments_count"] == [0, 0, BOARD_LENGTH, 0]


def test_a_page_takes_three_queries_while_nothing_changes(as_alice: APIClient, bob: User) -> None:
    write(bob)
    page(as_alice)
    with CaptureQueriesContext(connection) as captured:
        page(as_alice)
    # The student, the board's rows, the members that were drawn.
    assert len(captured) == 3
