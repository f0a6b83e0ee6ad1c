"""A reported entry comes first in the admin until staff have settled it."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.test import APIClient

from lounge.models import Entry, Report
from tests.conftest import client_of
from tests.lounge.kit import crowd, write
from user.models import User

LIST = "/admin/lounge/entry/"


def report(client: APIClient, entry: Entry, reason: str = "") -> int:
    return int(client.post(f"/lounge/entries/{entry.pk}/report/", {"reason": reason}).status_code)


def first(admin: Client) -> Entry:
    entry: Entry = admin.get(LIST).context["cl"].result_list[0]
    return entry


@pytest.fixture
def entries(bob: User) -> list[Entry]:
    return [write(bob, f"Entry number {number}") for number in range(3)]


def test_admins_see_the_entry_with_most_reports_first(
    as_alice: APIClient, admin: Client, entries: list[Entry]
) -> None:
    assert first(admin) == entries[2]
    assert report(as_alice, entries[1], "This is about me.") == 200
    assert report(as_alice, entries[0]) == 200
    (other,) = crowd(2, 1)
    assert report(client_of(other), entries[0]) == 200
    found = admin.get(LIST).context["cl"].result_list
    assert list(found) == [entries[0], entries[1], entries[2]]
    assert list(admin.get(LIST, {"reported": "open"}).context["cl"].result_list) == entries[:2]
    page = admin.get(f"{LIST}{entries[1].pk}/change/").content.decode()
    assert "This is about me." in page


@pytest.mark.parametrize("action", ["settle", "hide"])
def test_a_settled_report_is_out_of_the_way(
    as_alice: APIClient, admin: Client, entries: list[Entry], action: str
) -> None:
    report(as_alice, entries[0])
    admin.post(LIST, {"action": action, "_selected_action": [entries[0].pk]})
    assert first(admin) == entries[2]
    assert Report.objects.get().settled_at is not None
    assert Entry.objects.get(pk=entries[0].pk).hidden == (action == "hide")


def test_a_second_report_changes_nothing(as_alice: APIClient, entries: list[Entry]) -> None:
    assert report(as_alice, entries[0], "first") == report(as_alice, entries[0], "second") == 200
    assert Report.objects.get().reason == "first"
    board = {
        row["id"]: row["attention"]["reported"] for row in as_alice.get("/lounge/board/").json()["results"]
    }
    assert board == {entries[0].pk: True, entries[1].pk: False, entries[2].pk: False}


def test_own_hidden_and_missing_entries_cannot_be_reported(
    as_bob: APIClient, as_alice: APIClient, entries: list[Entry]
) -> None:
    response = as_bob.post(f"/lounge/entries/{entries[0].pk}/report/")
    assert (response.status_code, response.json()["code"]) == (400, "own_entry")
    Entry.objects.update(hidden=True)
    assert report(as_alice, entries[0]) == 404
    assert not Report.objects.exists()


def test_a_reason_has_an_end(as_alice: APIClient, entries: list[Entry]) -> None:
    assert report(as_alice, entries[0], "x" * 251) == 400
