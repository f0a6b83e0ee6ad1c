"""Hidden entries are on no board and in no count."""

from __future__ import annotations

from rest_framework.test import APIClient

from tests.lounge.kit import write
from user.models import User


def test_a_hidden_entry_appears_nowhere_not_even_to_its_author(
    as_alice: APIClient, as_bob: APIClient, alice: User, bob: User
) -> None:
    write(alice, "unspeakable things", hidden=True)
    for client in (as_alice, as_bob):
        page = client.get("/lounge/").json()
        assert page["board"] == []
        assert page["comments_count"] == [0, 0, 0, 0]
        assert client.get("/lounge/board/").json()["results"] == []
        stats = client.get("/lounge/stats/").json()
        assert {house["entries"] for house in stats["houses"]} == {0}
        assert {day["entries"] for day in stats["days"]} == {0}
