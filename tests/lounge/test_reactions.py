"""One of five reactions, one a student and entry."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from lounge.models import Entry, Reaction
from tests.conftest import client_of
from tests.lounge.kit import crowd, write
from user.models import User

NONE = dict.fromkeys(("heart", "smile", "wow", "star", "flame"), 0)


@pytest.fixture
def entry(bob: User) -> Entry:
    return write(bob)


def path(entry: Entry) -> str:
    return f"/lounge/entries/{entry.pk}/reaction/"


def on_board(client: APIClient) -> dict[str, Any]:
    attention: dict[str, Any] = client.get("/lounge/board/").json()["results"][0]["attention"]
    return attention


def test_another_reaction_takes_the_place_of_the_first(as_alice: APIClient, entry: Entry) -> None:
    assert on_board(as_alice) == {"reactions": NONE, "own_reaction": None, "reported": False}
    for kind in ("heart", "heart", "flame"):
        response = as_alice.put(path(entry), {"reaction": kind})
        assert response.status_code == 200
    assert response.json() == on_board(as_alice)
    assert on_board(as_alice)["reactions"] == NONE | {"flame": 1}
    assert on_board(as_alice)["own_reaction"] == "flame"
    for _ in range(2):
        response = as_alice.delete(path(entry))
        assert response.status_code == 200
    assert on_board(as_alice) == response.json() == {**response.json(), "reactions": NONE}
    assert on_board(as_alice)["own_reaction"] is None


def test_reactions_of_several_students_are_counted(
    as_alice: APIClient, as_bob: APIClient, entry: Entry
) -> None:
    for student in crowd(2, 2):
        client_of(student).put(path(entry), {"reaction": "star"})
    as_alice.put(path(entry), {"reaction": "star"})
    as_bob.put(path(entry), {"reaction": "wow"})
    assert on_board(as_alice)["reactions"] == NONE | {"star": 3, "wow": 1}
    assert (on_board(as_alice)["own_reaction"], on_board(as_bob)["own_reaction"]) == ("star", "wow")


def test_hidden_and_missing_entries_take_no_reaction(as_alice: APIClient, entry: Entry) -> None:
    Entry.objects.update(hidden=True)
    for place in (path(entry), "/lounge/entries/99999/reaction/"):
        for response in (as_alice.put(place, {"reaction": "heart"}), as_alice.delete(place)):
            assert (response.status_code, response.json()["code"]) == (404, "entry_not_found")
    assert not Reaction.objects.exists()


def test_there_are_five(as_alice: APIClient, entry: Entry) -> None:
    response = as_alice.put(path(entry), {"reaction": "thumb"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "invalid_choice"


def test_the_board_tells_the_author_with_tiles_and_a_house(as_alice: APIClient, entry: Entry) -> None:
    row = as_alice.get("/lounge/board/").json()["results"][0]
    assert row["house"] == {
        "id": 3, "name": "Slytherin", "local_name": "Slytherin", "colour": "#1f5f45"
    }  # fmt: skip
    assert set(row["portrait"]) == {"still", "tile", "poster", "webp", "live"}
    assert row["created_at"][:10].replace("-", ".")[2:] == row["created"]


def test_the_board_takes_as_many_queries_for_50_reactions_as_for_1(as_alice: APIClient, entry: Entry) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            on_board(as_alice)
        return len(captured)

    as_alice.put(path(entry), {"reaction": "heart"})
    one = queries()
    others = crowd(2, 25)
    Reaction.objects.bulk_create([Reaction(entry=entry, student=each, kind="smile") for each in others])
    for each in others:
        write(each)
    assert queries() == one <= 6
