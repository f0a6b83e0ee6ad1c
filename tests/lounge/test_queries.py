"""The number of queries does not depend on the number of rows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from lounge.models import Entry
from tests.lounge.kit import crowd, write
from user.models import User


def queries(client: APIClient, method: str, path: str, form: dict[str, str] | None = None) -> int:
    with CaptureQueriesContext(connection) as captured:
        response = getattr(client, method)(path, form)
    assert response.status_code == 200
    return len(captured)


def fill(alice: User) -> None:
    """From one entry to 51, of 50 authors in all houses."""
    for house in (1, 2, 3, 4):
        for author in crowd(house, 13):
            write(author)


@pytest.mark.parametrize("path", ["/lounge/", "/lounge/board/", "/lounge/stats/"])
def test_reading_takes_as_many_for_1_row_as_for_50(as_alice: APIClient, alice: User, path: str) -> None:
    write(alice)
    one = queries(as_alice, "get", path)
    fill(alice)
    many = queries(as_alice, "get", path)
    assert one == many <= 8


def test_writing_takes_as_many_for_1_row_as_for_50(as_alice: APIClient, alice: User) -> None:
    def write_edit_delete() -> list[int]:
        numbers = [queries(as_alice, "post", "/lounge/", {"content": "Good evening!"})]
        newest = Entry.objects.latest("pk").pk
        numbers.append(queries(as_alice, "put", f"/lounge/edit/{newest}/", {"content": "Good night!"}))
        numbers.append(queries(as_alice, "delete", f"/lounge/delete/{newest}/"))
        return numbers

    few = write_edit_delete()
    fill(alice)
    assert write_edit_delete() == few
    assert max(few) <= 5
