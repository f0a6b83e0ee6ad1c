from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from portrait.models import PortraitJob
from portrait.queue import recovery, transitions, workers
from portrait.queue.clock import database_now
from tests.portrait.kit import claim, enqueue, student
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

State = PortraitJob.State


def test_the_job_that_waited_longest_is_claimed_first() -> None:
    first, second = enqueue(student("ann")), enqueue(student("ben"))

    assert [claim().pk, claim().pk] == [first.pk, second.pk]
    assert transitions.claim("test") is None


def test_a_claim_takes_a_new_lease_and_counts_the_attempt(alice: User) -> None:
    enqueue(alice)

    job = transitions.claim("worker-1", lease_seconds=30)

    assert job is not None
    assert (job.state, job.worker, job.lease, job.attempts) == (State.RUNNING, "worker-1", 1, 1)
    assert job.lease_expires_at is not None
    assert timedelta(seconds=25) < job.lease_expires_at - timezone.now() < timedelta(seconds=31)


def test_one_student_never_has_two_active_jobs(alice: User) -> None:
    first, second = enqueue(alice), enqueue(alice)

    first.refresh_from_db()
    assert (first.state, second.state) == (State.CANCELLED, State.QUEUED)
    with pytest.raises(IntegrityError), transaction.atomic():
        PortraitJob.objects.create(student=alice, photo="x", seed=1)


def test_a_running_job_is_cancelled_by_the_next_photo(alice: User) -> None:
    enqueue(alice)
    old = claim()
    enqueue(alice)

    assert not transitions.renew(old)
    assert transitions.renew(claim())


def test_only_the_holder_of_the_lease_can_renew(alice: User) -> None:
    enqueue(alice)
    stale = claim()
    assert transitions.give_back(stale)
    holder = claim()

    assert not transitions.renew(stale, stage="animate", progress=0.9)
    assert transitions.renew(holder, stage="paint", progress=0.25)
    holder.refresh_from_db()
    assert (holder.stage, holder.progress) == ("paint", 0.25)


def test_a_wild_progress_is_brought_into_range(alice: User) -> None:
    enqueue(alice)
    job = claim()

    assert transitions.renew(job, stage="a stage with a very long name", progress=1.5)
    job.refresh_from_db()
    assert job.progress == 1.0


def test_a_failed_attempt_waits_and_the_third_is_the_last(alice: User) -> None:
    enqueue(alice)

    assert transitions.fail(claim(), "child_killed", backoff=(60,))
    assert transitions.claim("test") is None, "the job has to wait"
    PortraitJob.objects.update(not_before=database_now())
    assert transitions.fail(claim(), "child_killed", backoff=(0, 0))
    assert transitions.fail(claim(), "deadline_exceeded", "too slow", backoff=(0, 0))

    job = PortraitJob.objects.get()
    assert (job.state, job.attempts, job.error_code, job.error_detail) == (
        State.FAILED,
        3,
        "deadline_exceeded",
        "too slow",
    )
    assert job.finished_at is not None


def test_a_fault_that_would_come_again_fails_at_once(alice: User) -> None:
    enqueue(alice)

    assert transitions.fail(claim(), "no_face", final=True)

    assert PortraitJob.objects.get().state == State.FAILED


def test_an_attempt_that_is_given_back_does_not_count_and_keeps_its_place() -> None:
    first = enqueue(student("ann"))
    enqueue(student("ben"))

    for _ in range(5):
        job = claim()
        assert job.pk == first.pk
        assert job.attempts == 1
        assert transitions.give_back(job)


def test_an_expired_lease_is_reaped_once_and_a_living_one_never() -> None:
    enqueue(student("ann"))
    enqueue(student("ben"))
    dead = transitions.claim("dead", lease_seconds=-1)
    living = transitions.claim("living", lease_seconds=30)
    assert dead is not None
    assert living is not None

    assert [job.pk for job in recovery.reap_expired(backoff=(0,))] == [dead.pk]
    assert recovery.reap_expired() == []
    dead.refresh_from_db()
    assert (dead.state, dead.error_code) == (State.QUEUED, "worker_lost")
    assert transitions.renew(living)


def test_a_job_whose_worker_always_dies_fails_with_a_code(alice: User) -> None:
    enqueue(alice)

    for _ in range(transitions.MAX_ATTEMPTS):
        assert transitions.claim("dead", lease_seconds=-1) is not None
        assert len(recovery.reap_expired(backoff=(0, 0))) == 1

    job = PortraitJob.objects.get()
    assert (job.state, job.error_code) == (State.FAILED, "worker_lost")


def test_a_retried_job_goes_to_the_end_of_the_queue(alice: User) -> None:
    enqueue(alice)
    failed = claim()
    transitions.fail(failed, "no_face", final=True)
    waiting = enqueue(student("ben"))
    failed.refresh_from_db()

    assert transitions.retry(failed)

    assert [claim().pk, claim().pk] == [waiting.pk, failed.pk]
    failed.refresh_from_db()
    assert (failed.attempts, failed.error_code) == (1, "")


def test_a_job_is_not_retried_after_a_newer_photo(alice: User) -> None:
    old = enqueue(alice)
    enqueue(alice)
    old.refresh_from_db()

    assert not transitions.retry(old)


def test_the_mean_duration_is_that_of_the_latest_portraits(alice: User) -> None:
    assert workers.recent_seconds() is None
    for index, seconds in enumerate([100.0, 4.0, 6.0]):
        PortraitJob.objects.create(
            student=alice, photo="x", seed=index, state=State.SUCCEEDED, seconds=seconds
        )

    assert workers.recent_seconds(2) == 5.0
