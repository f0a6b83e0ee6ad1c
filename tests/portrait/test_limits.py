"""What costs the machine work has a limit for each student."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_a_minute(monkeypatch: pytest.MonkeyPatch, no_limits: None) -> Iterator[None]:
    cache.clear()
    rates = dict.fromkeys(SimpleRateThrottle.THROTTLE_RATES, "2/minute")
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)
    yield
    cache.clear()


@pytest.mark.parametrize(
    ("calls", "form"),
    [
        pytest.param(["retry", "again", "retry"], {}, id="portraits asked for"),
        pytest.param(["cancel", "choose", "cancel"], {"id": 1}, id="cancellations and choices"),
    ],
)
def test_a_student_who_does_it_too_often_is_429_and_others_are_not(
    as_alice: APIClient, as_bob: APIClient, calls: list[str], form: dict[str, Any]
) -> None:
    answers = [as_alice.post(f"/user/portrait/{call}/", form) for call in calls]
    assert [answer.status_code == 429 for answer in answers] == [False, False, True]
    assert int(answers[-1]["Retry-After"]) > 0
    assert as_bob.post(f"/user/portrait/{calls[-1]}/", form).status_code != 429
    assert as_alice.get("/user/portrait/").status_code == 200
