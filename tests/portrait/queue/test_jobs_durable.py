"""An accepted photo and a finished portrait survive a power cut."""

from __future__ import annotations

import pytest
from django.db import connection

from portrait.queue import projection, transitions
from tests.portrait.kit import claim, enqueue, write_results
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

FULL = 2


def test_accepting_and_finishing_are_on_the_disk_before_they_are_told(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    real = projection.refresh

    def look(student_id: int) -> None:
        assert connection.in_atomic_block
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA synchronous")
                seen.append(cursor.fetchone()[0] >= FULL)
            else:
                cursor.execute("SHOW synchronous_commit")
                seen.append(cursor.fetchone()[0] == "on")
        real(student_id)

    monkeypatch.setattr(projection, "refresh", look)
    enqueue(alice)
    job = claim()
    assert transitions.finish(job, write_results(job))
    enqueue(alice)
    transitions.fail(claim(), "no_face", final=True)
    assert seen == [True] * 4
