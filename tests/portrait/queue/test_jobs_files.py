"""No accident leaves a file behind for ever, and no clean-up touches the files of a running attempt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from common import storage
from portrait import files
from portrait.models import PortraitJob
from portrait.queue import acceptance, recovery, transitions
from tests.portrait.kit import assert_no_orphans, claim, enqueue, files_on_disk, make_portrait, write_results
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_file_is_written_whole_or_not_at_all(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    storage.media().write("portraits/a/file", b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            storage.media().write("portraits/a/file", b"new")

    assert (media / "portraits/a/file").read_bytes() == b"old"
    assert files_on_disk() == {"portraits/a/file"}


def test_the_files_of_a_worker_that_died_before_its_commit_go_with_the_next_attempt(alice: User) -> None:
    enqueue(alice)
    dead = transitions.claim("dead", lease_seconds=-1)
    assert dead is not None
    write_results(dead)
    storage.media().write(f"portraits/{dead.key.hex}/.1-00aa.webp.part", b"half")

    recovery.reap_expired(backoff=(0,))

    assert_no_orphans()


def test_cleaning_after_a_dead_attempt_spares_the_living_one(alice: User) -> None:
    enqueue(alice)
    dead = claim()
    transitions.give_back(dead)
    living = claim()
    results = write_results(living)

    files.remove_leftovers(dead.key, dead.lease, keep=set())

    assert transitions.finish(living, results)
    assert_no_orphans()


def test_a_deleted_student_takes_all_files_along(alice: User) -> None:
    make_portrait(alice)
    enqueue(alice)

    alice.delete()

    assert files_on_disk() == set()


def test_a_deleted_job_takes_its_files_along_and_the_record_falls_back(alice: User) -> None:
    before, after = make_portrait(alice), make_portrait(alice)

    after.delete()
    alice.refresh_from_db()
    assert alice.portrait.name == before.webp.name
    assert_no_orphans()

    before.delete()
    alice.refresh_from_db()
    assert (alice.still.name, alice.portrait.name) == ("", "")
    assert files_on_disk() == set()


def test_a_portrait_of_a_student_who_left_meanwhile_is_not_stored(alice: User) -> None:
    enqueue(alice)
    job = claim()
    results = write_results(job)
    alice.delete()

    assert not transitions.finish(job, results)
    assert not transitions.fail(job, "child_killed")
    assert not transitions.give_back(job)


def test_a_photo_of_a_student_who_left_meanwhile_is_not_queued(alice: User) -> None:
    pk = alice.pk
    alice.delete()
    alice.pk = pk

    with pytest.raises(acceptance.StudentGoneError):
        enqueue(alice)
    assert not PortraitJob.objects.exists()
