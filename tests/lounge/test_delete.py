"""DELETE /lounge/delete/ID/."""

from __future__ import annotations

from rest_framework.test import APIClient

from lounge.models import Entry
from tests.lounge.kit import write
from user.models import User


def test_the_entry_is_gone(as_alice: APIClient, as_korean_alice: APIClient, alice: User) -> None:
    first, second = write(alice), write(alice)
    response = as_korean_alice.delete(f"/lounge/delete/{first.pk}/")
    assert (response.status_code, response.json()) == (200, {"message": "삭제완료!"})
    response = as_alice.delete(f"/lounge/delete/{second.pk}/")
    assert (response.status_code, response.json()) == (200, {"message": "Deleted!"})
    assert not Entry.objects.exists()


def test_entries_of_others_and_missing_ones_are_the_same_404(
    as_alice: APIClient, alice: User, bob: User
) -> None:
    foreign = write(bob)
    answers = [
        as_alice.delete(f"/lounge/delete/{number}/") for number in (foreign.pk, foreign.pk + 1, 10**30)
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (404, "entry_not_found")
    ] * 3
    assert Entry.objects.exists()


def test_a_second_time_is_404(as_alice: APIClient, alice: User) -> None:
    entry = write(alice)
    statuses = [as_alice.delete(f"/lounge/delete/{entry.pk}/").status_code for _ in range(2)]
    assert statuses == [200, 404]


def test_ones_own_hidden_entry_can_be_taken_back(as_alice: APIClient, alice: User) -> None:
    entry = write(alice, hidden=True)
    assert as_alice.delete(f"/lounge/delete/{entry.pk}/").status_code == 200
    assert not Entry.objects.exists()


def test_entries_go_with_their_author(alice: User) -> None:
    write(alice)
    alice.delete()
    assert not Entry.objects.exists()
