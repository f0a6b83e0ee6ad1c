"""``POST /user/portrait/cancel/``."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from portrait.models import PortraitJob
from portrait.queue import transitions
from tests.portrait.kit import assert_no_orphans, claim, enqueue, make_portrait
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/user/portrait/cancel/"


@pytest.mark.parametrize("running", [False, True])
def test_an_active_portrait_is_cancelled(as_alice: APIClient, alice: User, running: bool) -> None:
    enqueue(alice)
    job = claim() if running else None

    answer = as_alice.post(URL)

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert PortraitJob.objects.get().finished_at is not None
    assert job is None or not transitions.renew(job)
    assert transitions.claim("test") is None
    assert_no_orphans()


def test_the_portrait_before_is_shown_again(as_alice: APIClient, alice: User) -> None:
    before = make_portrait(alice)
    enqueue(alice)

    assert as_alice.post(URL).json()["portrait"].endswith(before.webp.name)


def test_there_is_nothing_to_cancel_without_an_active_job(as_alice: APIClient, alice: User) -> None:
    for _ in range(2):
        answer = as_alice.post(URL)
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_cancel")
        make_portrait(alice)


def test_nobody_cancels_the_job_of_somebody_else(as_bob: APIClient, alice: User) -> None:
    enqueue(alice)

    assert as_bob.post(URL).status_code == 409
    assert PortraitJob.objects.get().state == "queued"


def test_a_visitor_is_turned_away(visitor: APIClient) -> None:
    assert visitor.post(URL).status_code == 401
