"""A media folder that cannot be written to.

Tests may run as root, whom permissions do not stop: a file in the place of a folder stops everybody.
"""

from __future__ import annotations

from pathlib import Path

from common import storage
from portrait.models import PortraitJob
from portrait.queue import transitions
from tests.paths import media_path
from tests.portrait.kit import Workers, assert_no_orphans, enqueue, nothing_active, student, wait_for

State = PortraitJob.State


def test_the_job_fails_with_a_code_and_can_be_retried_when_the_disk_is_back(
    workers: Workers, transactional_db: None
) -> None:
    job = enqueue(student("ann"))
    folder = media_path(f"portraits/{job.key.hex}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_bytes(b"in the way")
    worker = workers.start()

    wait_for(nothing_active, "the job's end")

    job.refresh_from_db()
    assert (job.state, job.attempts, job.error_code) == (State.FAILED, 3, "storage_unavailable")
    folder.unlink()
    assert_no_orphans()

    assert transitions.retry(job)
    wait_for(nothing_active, "the retry")
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.SUCCEEDED, 1)
    assert workers.stop(worker) == 0
    assert_no_orphans()


def test_a_photo_that_is_gone_fails_the_job_at_once(workers: Workers) -> None:
    job = enqueue(student("ann"))
    storage.media().delete([str(job.photo.name)])
    assert workers.start(drain=True).wait(30) == 0

    job.refresh_from_db()
    assert (job.state, job.attempts, job.error_code) == (State.FAILED, 1, "photo_missing")


def test_a_photo_that_cannot_be_read_fails_its_own_job_alone(workers: Workers, media: Path) -> None:
    job, other = enqueue(student("ann")), enqueue(student("ben"))
    photo = media / str(job.photo.name)
    photo.unlink()
    photo.mkdir()
    assert workers.start(drain=True).wait(30) == 0

    job.refresh_from_db()
    other.refresh_from_db()
    assert (job.state, job.attempts, job.error_code) == (State.FAILED, 3, "storage_unavailable")
    assert other.state == State.SUCCEEDED
    assert workers.executions(job) == []
