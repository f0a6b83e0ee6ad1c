"""GET /lounge/stats/."""

from __future__ import annotations

import datetime

from django.utils import timezone
from rest_framework.test import APIClient

from tests.lounge.kit import crowd, write
from user.models import User


def test_students_and_entries_are_counted_per_house(as_alice: APIClient, alice: User, bob: User) -> None:
    crowd(3, 4)
    write(alice)
    write(alice)
    write(bob)
    houses = as_alice.get("/lounge/stats/").json()["houses"]
    assert [(house["id"], house["name"], house["students"], house["entries"]) for house in houses] == [
        (1, "Gryffindor", 1, 2),
        (2, "Hufflepuff", 0, 0),
        (3, "Slytherin", 5, 1),
        (4, "Ravenclaw", 0, 0),
    ]


def test_the_last_thirty_days_are_all_there_oldest_first(as_alice: APIClient, alice: User) -> None:
    today = timezone.localdate()
    midnight = timezone.make_aware(datetime.datetime.combine(today, datetime.time()))
    second = datetime.timedelta(seconds=1)
    for moment in (
        midnight,
        midnight - second,
        midnight - datetime.timedelta(days=1),
        midnight - datetime.timedelta(days=29),
        # One second too old, and one that is not of today yet.
        midnight - datetime.timedelta(days=29) - second,
        midnight + datetime.timedelta(days=1),
    ):
        write(alice, created_at=moment)
    days = as_alice.get("/lounge/stats/").json()["days"]
    assert [day["date"] for day in days] == [
        str(today - datetime.timedelta(days=back)) for back in reversed(range(30))
    ]
    counts = {29: 1, 1: 2, 0: 1}
    assert [day["entries"] for day in days] == [counts.get(back, 0) for back in reversed(range(30))]
