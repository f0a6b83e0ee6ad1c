"""``POST /user/portrait/retry/``."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from common.storage import media
from portrait.models import PortraitJob
from portrait.queue import transitions
from tests.portrait.kit import assert_no_orphans, claim, enqueue, make_portrait, write_results
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/user/portrait/retry/"


def test_a_failed_portrait_is_made_again_from_the_same_photo(as_alice: APIClient, alice: User) -> None:
    enqueue(alice)
    transitions.fail(claim(), "deadline_exceeded", final=True)

    answer = as_alice.post(URL)

    assert answer.status_code == 200
    status = answer.json()
    assert (status["status"], status["attempts"], status["error"]) == ("queued", 0, None)
    job = claim()
    assert transitions.finish(job, write_results(job))
    assert PortraitJob.objects.count() == 1
    assert_no_orphans()


def test_a_cancelled_portrait_is_made_again(as_alice: APIClient, alice: User) -> None:
    enqueue(alice)
    transitions.cancel(alice.pk)

    assert as_alice.post(URL).json()["status"] == "queued"


def test_a_worker_that_still_holds_the_cancelled_attempt_cannot_finish_the_retry(
    as_alice: APIClient, alice: User
) -> None:
    enqueue(alice)
    cancelled = claim()
    transitions.cancel(alice.pk)
    as_alice.post(URL)

    assert not transitions.renew(cancelled)
    again = claim()
    assert not transitions.renew(cancelled)
    assert transitions.renew(again)


def test_there_is_nothing_to_retry_before_a_photo_while_it_waits_or_when_it_succeeded(
    as_alice: APIClient, alice: User
) -> None:
    def refused() -> bool:
        answer = as_alice.post(URL)
        return (answer.status_code, answer.json()["code"]) == (409, "nothing_to_retry")

    assert refused()
    enqueue(alice)
    assert refused()
    job = claim()
    assert refused()
    transitions.finish(job, write_results(job))
    assert refused()


def test_a_photo_that_is_gone_cannot_be_retried(as_alice: APIClient, alice: User) -> None:
    job = enqueue(alice)
    transitions.cancel(alice.pk)
    media().delete([str(job.photo.name)])

    answer = as_alice.post(URL)

    assert (answer.status_code, answer.json()["code"]) == (409, "photo_missing")


def test_nobody_retries_the_job_of_somebody_else(as_bob: APIClient, alice: User) -> None:
    make_portrait(alice)
    enqueue(alice)
    transitions.cancel(alice.pk)

    assert as_bob.post(URL).status_code == 409
    assert not PortraitJob.objects.filter(state="queued").exists()


def test_a_visitor_is_turned_away(visitor: APIClient) -> None:
    assert visitor.post(URL).status_code == 401
    assert visitor.get(URL).status_code == 401
