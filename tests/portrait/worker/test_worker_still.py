"""The painted still comes before the film: stored, announced, and gone again where the film is not made."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from rest_framework.test import APIClient

from portrait.models import PortraitJob
from portrait.queue import transitions
from portrait.worker.messages import AttemptOrder
from portrait.worker.monitor import Monitor
from portrait.worker.running import PooledAttempt, WorkerOptions
from tests.paths import media_path
from tests.portrait.kit import (
    Workers,
    assert_no_orphans,
    claim,
    enqueue,
    files_on_disk,
    make_portrait,
    nothing_active,
    signed_file,
    wait_for,
)
from user.models import User

State = PortraitJob.State


def poster_of(job: PortraitJob) -> str:
    job.refresh_from_db()
    return str(job.poster.name)


def shown(workers: Workers, owner: User, motion: str) -> PortraitJob:
    """A job that runs and whose painted still is announced."""
    job = enqueue(owner, motion)
    workers.start()
    wait_for(lambda: poster_of(job), "the painted still")
    assert job.state == State.RUNNING
    return job


def test_the_still_is_announced_while_the_film_is_being_made(
    workers: Workers, alice: User, as_alice: APIClient
) -> None:
    job = shown(workers, alice, "still:60")
    assert media_path(poster_of(job)).read_bytes() == b"painted still"

    status = as_alice.get("/user/portrait/").json()

    assert status["status"] == "running"
    assert status["files"]["poster"].endswith(poster_of(job))
    assert status["files"]["webp"] is None
    assert signed_file(status["portrait"]) == poster_of(job)
    assert as_alice.get(status["portrait"]).headers["Content-Type"] == "image/png"
    assert_no_orphans()


def test_others_see_the_still_of_a_first_portrait_and_else_the_portrait_before(
    workers: Workers, alice: User, bob: User
) -> None:
    before = make_portrait(bob)
    first = shown(workers, alice, "still:60")
    alice.refresh_from_db()
    assert alice.picture.endswith(poster_of(first)) and alice.resting_picture == alice.picture

    enqueue(bob, "still:60")
    workers.start()
    again = PortraitJob.objects.filter(student=bob).latest("id")
    wait_for(lambda: poster_of(again), "the painted still of another portrait")
    bob.refresh_from_db()
    assert bob.picture.endswith(str(before.webp.name))
    assert bob.resting_picture.endswith(str(before.poster.name))
    assert signed_file(bob.own_picture) == poster_of(again)


def test_the_film_takes_the_place_of_the_still(workers: Workers, alice: User) -> None:
    job = shown(workers, alice, "still:1")
    still = poster_of(job)
    wait_for(nothing_active, "the film")
    assert poster_of(job) != still and job.state == State.SUCCEEDED
    alice.refresh_from_db()
    assert (alice.still.name, alice.portrait.name, alice.poster.name) == ("", job.webp.name, job.poster.name)
    assert_no_orphans()


@pytest.mark.parametrize("motion", ["still-no-face:1", "still-kill:1"])
def test_an_attempt_that_fails_takes_its_still_along(workers: Workers, alice: User, motion: str) -> None:
    job = shown(workers, alice, motion)
    wait_for(nothing_active, "the end")
    assert poster_of(job) == "" and job.state == State.FAILED
    alice.refresh_from_db()
    assert (alice.still.name, alice.poster.name) == (job.still.name, "")
    assert_no_orphans()


def test_a_cancelled_portrait_takes_its_still_along(workers: Workers, alice: User) -> None:
    job = shown(workers, alice, "still:60")
    assert transitions.cancel(alice.pk)
    assert poster_of(job) == ""
    alice.refresh_from_db()
    assert alice.poster.name == ""
    assert_no_orphans()


def test_a_new_photo_takes_the_place_of_a_still(workers: Workers, alice: User) -> None:
    job = shown(workers, alice, "still:60")
    second = enqueue(alice)
    wait_for(nothing_active, "the second portrait")
    assert poster_of(job) == "" and poster_of(second) != ""
    assert_no_orphans()


def test_a_lost_worker_leaves_no_still(workers: Workers, alice: User) -> None:
    job = enqueue(alice, "still:60")
    process = workers.start()
    wait_for(lambda: poster_of(job), "the painted still")
    process.kill()
    process.wait()
    workers.start()
    wait_for(lambda: len(workers.executions(job)) > 1, "the second attempt")
    wait_for(lambda: poster_of(job), "its still")
    assert_no_orphans()


@pytest.mark.django_db(transaction=True)
def test_a_still_of_another_lease_is_not_shown(alice: User) -> None:
    enqueue(alice)
    old = transitions.claim("one")
    assert old is not None and transitions.give_back(old)
    new = transitions.claim("two")
    assert new is not None
    assert not transitions.show_still(old, "portraits/a/1-b.png")
    assert poster_of(new) == ""


@pytest.mark.django_db(transaction=True)
def test_deleting_the_account_deletes_the_still(workers: Workers, alice: User, media: Path) -> None:
    job = shown(workers, alice, "still:60")
    file = media_path(poster_of(job))
    alice.delete()
    wait_for(lambda: not file.exists(), "the end of the still")


def watched(job: PortraitJob, folder: Path) -> Monitor:
    """A monitor with one attempt at ``job``, which runs and whose still has just been painted."""
    monitor = Monitor(WorkerOptions())
    folder.mkdir()
    order = AttemptOrder(job.pk, "", job.request, str(folder))
    order.still_file.write_bytes(b"painted still")
    running: Future[Any] = Future()
    monitor.attempts.append(PooledAttempt(job, order, future=running))
    return monitor


def lose_the_answer(monkeypatch: pytest.MonkeyPatch, *, committed: bool) -> None:
    """The database connection breaks once while a still is announced, before or after the COMMIT took place."""
    announce = transitions.show_still

    def broken(job: PortraitJob, name: str) -> bool:
        monkeypatch.setattr(transitions, "show_still", announce)
        if committed:
            announce(job, name)
        raise OperationalError("the connection was lost")

    monkeypatch.setattr(transitions, "show_still", broken)


def in_doubt(
    owner: User, folder: Path, monkeypatch: pytest.MonkeyPatch, *, committed: bool
) -> tuple[PortraitJob, Monitor]:
    """A running job whose still was stored and perhaps announced, and its monitor."""
    enqueue(owner)
    job = claim()
    monitor = watched(job, folder / "attempt")
    lose_the_answer(monkeypatch, committed=committed)
    with pytest.raises(OperationalError):
        monitor.show_stills()
    return job, monitor


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("committed", [False, True])
def test_a_still_whose_commit_is_in_doubt_is_announced_again(
    alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    job, monitor = in_doubt(alice, tmp_path, monkeypatch, committed=committed)

    # Where the row names the file, it is there.
    assert not poster_of(job) or media_path(poster_of(job)).exists()
    monitor.show_stills()
    monitor.show_stills()

    assert media_path(poster_of(job)).read_bytes() == b"painted still"
    assert_no_orphans()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("committed", [False, True])
def test_a_still_in_doubt_goes_with_a_job_that_is_cancelled(
    alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    job, monitor = in_doubt(alice, tmp_path, monkeypatch, committed=committed)

    assert transitions.cancel(alice.pk)
    monitor.drop(monitor.attempts[0])

    assert poster_of(job) == ""
    assert_no_orphans()


@pytest.mark.django_db(transaction=True)
def test_a_still_that_comes_after_the_lease_was_lost_leaves_no_trace(alice: User, tmp_path: Path) -> None:
    enqueue(alice)
    late = claim()
    assert transitions.give_back(late)
    holder = claim()
    before = files_on_disk()

    watched(late, tmp_path / "attempt").show_stills()

    assert poster_of(holder) == ""
    assert files_on_disk() == before
    assert_no_orphans()
