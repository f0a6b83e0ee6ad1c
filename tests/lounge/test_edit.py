"""PUT /lounge/edit/ID/."""

from __future__ import annotations

from rest_framework.test import APIClient

from lounge.models import Entry
from tests.lounge.kit import write
from user.models import User


def test_the_edited_entry_comes_back_marked(as_alice: APIClient, alice: User) -> None:
    entry = write(alice, "Good evening!")
    before = as_alice.get("/lounge/").json()["board"][0]
    response = as_alice.put(f"/lounge/edit/{entry.pk}/", {"content": "Good night!"})
    assert response.status_code == 200
    assert response.json() == {**before, "content": "Good night!", "edited": True}
    assert as_alice.get("/lounge/").json()["board"] == [response.json()]


def test_an_entry_keeps_its_place_when_it_is_edited(as_alice: APIClient, alice: User) -> None:
    first, second = write(alice, "the first"), write(alice, "the second")
    as_alice.put(f"/lounge/edit/{first.pk}/", {"content": "the first, again"})
    board = as_alice.get("/lounge/").json()["board"]
    assert [entry["id"] for entry in board] == [second.pk, first.pk]


def test_the_rules_are_those_of_writing(as_alice: APIClient, alice: User) -> None:
    entry = write(alice, "Good evening!")
    response = as_alice.put(f"/lounge/edit/{entry.pk}/", {"content": "\u200b" * 10})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "blank")
    entry.refresh_from_db()
    assert (entry.content, entry.edited) == ("Good evening!", False)


def test_entries_of_others_and_missing_ones_are_the_same_404(
    as_alice: APIClient, alice: User, bob: User
) -> None:
    foreign = write(bob, "Good evening!")
    answers = [
        as_alice.put(f"/lounge/edit/{number}/", {"content": "Good night!"})
        for number in (foreign.pk, foreign.pk + 1, 10**30)
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (404, "entry_not_found")
    ] * 3
    assert Entry.objects.get().content == "Good evening!"


def test_a_hidden_entry_cannot_be_edited(as_alice: APIClient, alice: User) -> None:
    entry = write(alice, "Good evening!", hidden=True)
    assert as_alice.put(f"/lounge/edit/{entry.pk}/", {"content": "Good night!"}).status_code == 404
    assert Entry.objects.get().content == "Good evening!"
