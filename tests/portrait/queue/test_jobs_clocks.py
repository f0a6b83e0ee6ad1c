"""Clocks that differ, or are set back, neither run a job twice nor hold it up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from portrait.models import PortraitJob, PortraitWorker
from portrait.queue import recovery, transitions, workers
from portrait.queue.clock import database_now
from portrait.queue.overview import queue_overview
from tests.portrait.kit import claim, enqueue, student, write_results
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

State = PortraitJob.State
HOURS = timedelta(hours=5)


@pytest.fixture(params=[-60, 60], ids=["a minute behind", "a minute ahead"])
def skewed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process's clock is a minute off; the database's is right."""
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(seconds=request.param))


def test_the_databases_clock_is_a_time_of_this_moment() -> None:
    assert abs(database_now() - timezone.now()) < timedelta(seconds=5)
    assert database_now() <= database_now()


def test_another_clock_neither_reaps_the_living_nor_waits_for_jobs(alice: User, skewed: None) -> None:
    enqueue(alice)
    job = transitions.claim("other", lease_seconds=30)
    assert job is not None
    assert recovery.reap_expired() == []
    assert transitions.renew(job)
    assert transitions.fail(job, "child_killed", backoff=(0,))
    again = claim()
    assert transitions.finish(again, write_results(again))
    again.refresh_from_db()
    assert again.seconds is not None
    assert 0 <= again.seconds < 5


def test_a_worker_with_another_clock_counts_as_alive(skewed: None) -> None:
    workers.beat("w", 2, "")
    assert queue_overview().children == 2


def test_a_worker_that_died_before_the_clock_was_set_back_does_not_count(as_alice: APIClient) -> None:
    workers.beat("w", 2, "")
    PortraitWorker.objects.update(seen_at=F("seen_at") + HOURS)
    assert queue_overview().workers == 0


def set_back() -> None:
    """Set the database's clock back by hours: everything that was written moves into its future."""
    PortraitJob.objects.update(
        **{
            name: F(name) + HOURS
            for name in ("queued_at", "place", "not_before", "created_at", "started_at", "lease_expires_at")
        }
    )


def test_jobs_from_before_the_clock_was_set_back_are_taken_in_their_order() -> None:
    first, second = enqueue(student("ann")), enqueue(student("ben"))
    set_back()
    recovery.reap_expired()
    third = enqueue(student("cho"))
    assert [claim().pk for _ in range(3)] == [first.pk, second.pk, third.pk]


def test_a_backoff_lasts_no_longer_than_the_longest(alice: User) -> None:
    enqueue(alice)
    transitions.fail(claim(), "child_killed", backoff=(60,))
    PortraitJob.objects.update(not_before=F("not_before") + HOURS)
    recovery.reap_expired(backoff=(60,))
    claim()


def test_a_backoff_that_can_be_stays(alice: User) -> None:
    enqueue(alice)
    transitions.fail(claim(), "child_killed", backoff=(60,))
    recovery.reap_expired(backoff=(60,))
    assert transitions.claim("test") is None


def test_the_lease_of_a_living_worker_survives_and_that_of_a_dead_one_ends_in_time(
    alice: User, bob: User
) -> None:
    for owner in (alice, bob):
        enqueue(owner)
    living, dead = claim(), claim()
    set_back()
    assert recovery.reap_expired() == []
    assert transitions.renew(living)
    for job in (living, dead):
        job.refresh_from_db()
        assert job.lease_expires_at is not None
        left = job.lease_expires_at - database_now()
        assert timedelta(0) < left <= timedelta(seconds=transitions.LEASE_SECONDS)


@pytest.mark.parametrize(("seconds", "status"), [(30, 200), (90, 401)])
def test_a_token_is_good_for_a_minute_more(alice: User, seconds: int, status: int) -> None:
    token = RefreshToken.for_user(alice).access_token
    token.set_exp(from_time=timezone.now() - timedelta(seconds=seconds), lifetime=timedelta(0))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.get("/user/portrait/").status_code == status
