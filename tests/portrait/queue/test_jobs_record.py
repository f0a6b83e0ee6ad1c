"""The student's record follows the newest job, and falls back to the portrait before it."""

from __future__ import annotations

import pytest

from portrait.models import PortraitJob
from portrait.queue import transitions
from portrait.queue.projection import KEPT
from tests.portrait.kit import (
    assert_no_orphans,
    claim,
    enqueue,
    files_on_disk,
    make_portrait,
    signed_file,
    write_results,
)
from user.models import User
from user.private_pictures import empty_frame

pytestmark = pytest.mark.django_db(transaction=True)


def shown(user: User) -> tuple[str, str]:
    user.refresh_from_db()
    return user.still.name or "", user.portrait.name or ""


def test_the_record_shows_the_still_first_and_the_portrait_when_it_is_made(alice: User) -> None:
    job = enqueue(alice)
    assert shown(alice) == (job.still.name, "")
    assert signed_file(alice.own_picture) == job.still.name
    assert alice.picture == alice.resting_picture == empty_frame()

    job = claim()
    results = write_results(job)
    assert transitions.finish(job, results)

    assert shown(alice) == ("", results.names["webp"])
    assert alice.own_picture == alice.picture
    assert alice.resting_picture.endswith(results.names["poster"])
    job.refresh_from_db()
    assert (job.state, job.style, job.motion, job.progress) == ("succeeded", "starry-night", "nod", 1.0)
    assert job.timings == {"animating": 0.5}
    assert job.seconds is not None
    assert_no_orphans()


def test_the_result_of_a_lost_lease_changes_nothing(alice: User) -> None:
    enqueue(alice)
    stale = claim()
    transitions.give_back(stale)
    holder = claim()
    late = write_results(stale)
    good = write_results(holder)

    assert transitions.finish(holder, good)
    assert not transitions.finish(stale, late)

    assert shown(alice)[1] == good.names["webp"]
    # The attempt that finishes removes what earlier attempts left behind.
    assert_no_orphans()


def test_finishing_twice_with_the_same_result_is_a_success(alice: User) -> None:
    """A connection that broke during COMMIT leaves the worker in doubt; it asks again."""
    enqueue(alice)
    job = claim()
    results = write_results(job)

    assert transitions.finish(job, results)
    assert transitions.finish(job, results)


def test_a_cancelled_job_cannot_be_finished(alice: User) -> None:
    enqueue(alice)
    job = claim()
    assert transitions.cancel(alice.pk)

    assert not transitions.finish(job, write_results(job))
    assert shown(alice)[1] == ""


@pytest.mark.parametrize("end", ["fail", "cancel"])
def test_the_portrait_before_comes_back_when_the_new_one_is_not_made(alice: User, end: str) -> None:
    before = make_portrait(alice)
    after = enqueue(alice)
    assert shown(alice) == (after.still.name, before.webp.name)

    if end == "fail":
        transitions.fail(claim(), "no_face", final=True)
    else:
        transitions.cancel(alice.pk)

    assert shown(alice) == ("", before.webp.name)
    before.refresh_from_db()
    assert before.photo and before.still, "another portrait is made of this photo"
    assert_no_orphans()


def test_without_a_portrait_before_the_still_stays(alice: User) -> None:
    job = enqueue(alice)
    transitions.fail(claim(), "no_face", final=True)

    assert shown(alice) == (job.still.name, "")
    assert_no_orphans()


def test_a_retry_shows_the_still_again(alice: User) -> None:
    before = make_portrait(alice)
    job = enqueue(alice)
    transitions.cancel(alice.pk)
    job.refresh_from_db()

    assert transitions.retry(job)

    assert shown(alice) == (job.still.name, before.webp.name)


def test_a_student_keeps_a_few_portraits_and_the_newest_photo_at_most(alice: User) -> None:
    made = [make_portrait(alice) for _ in range(KEPT + 2)]

    for job in made:
        job.refresh_from_db()
    assert [bool(job.webp) for job in made] == [False, False, *[True] * KEPT]
    for field in PortraitJob.PHOTOS:
        assert [bool(getattr(job, field)) for job in made] == [*[False] * (KEPT + 1), True]
    assert_no_orphans()
    assert len(files_on_disk()) == KEPT * len(PortraitJob.RESULTS) + 2


def test_cancelled_jobs_leave_no_files_once_a_newer_photo_came(alice: User) -> None:
    for _ in range(5):
        enqueue(alice)
        transitions.cancel(alice.pk)

    assert_no_orphans()
    assert len(files_on_disk()) == 2
    assert PortraitJob.objects.count() == 5
