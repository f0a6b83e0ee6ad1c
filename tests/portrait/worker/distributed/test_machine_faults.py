"""A Celery worker that can take no job holds the message for a while, charges no attempt, and goes on later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portrait.models import PortraitJob, PortraitWorker
from tests.portrait.kit import assert_no_orphans, enqueue, nothing_active, student, wait_for
from tests.portrait.worker.distributed.kit import CeleryWorkers
from tests.servers import Redis, Server

State = PortraitJob.State


@pytest.fixture(scope="module")
def broker() -> Iterator[Server]:
    with Redis() as server:
        yield server


def mend(program: Path) -> None:
    """An ffmpeg that can be started."""
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)


def paused() -> PortraitWorker | None:
    return PortraitWorker.objects.filter(paused=True).first()


def test_a_held_message_becomes_its_portrait_when_the_fault_is_over(crew: CeleryWorkers) -> None:
    program = crew.folder / "ffmpeg"
    job = enqueue(student("ann"), "ffmpeg")
    worker = crew.worker("-B", environment={"IMAGEIO_FFMPEG_EXE": str(program)})
    assert "ffmpeg cannot be started" in wait_for(paused, "the fault in the register").fault

    # Given back, and held with the message that beat sent for it.
    wait_for(lambda: "messages were sent again" in crew.output(), "the next message")
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error_code) == (State.QUEUED, 0, "")
    mend(program)
    wait_for(nothing_active, "the portrait")

    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.SUCCEEDED, 1)
    wait_for(lambda: not paused(), "the end of the fault in the register")
    assert worker.poll() is None
    assert_no_orphans()


def test_a_message_that_is_held_for_too_long_goes_to_another_worker(crew: CeleryWorkers) -> None:
    """Without beat: the message that the first worker gives back is the only one."""
    without = {"IMAGEIO_FFMPEG_EXE": str(crew.folder / "none")}
    broken = crew.worker("-n", "broken@%h", hold=2.0, first_pause=60.0, environment=without)
    blamed = enqueue(student("ann"), "ffmpeg")
    wait_for(paused, "the fault in the register")
    held = enqueue(student("ben"))

    crew.worker("-n", "sound@%h")
    wait_for(lambda: PortraitJob.objects.filter(state=State.SUCCEEDED).exists(), "a portrait")

    # One message for two jobs: it wakes a worker for the one whose turn it is, which the fault did not change.
    blamed.refresh_from_db()
    held.refresh_from_db()
    assert (blamed.state, blamed.attempts) == (State.SUCCEEDED, 1)
    assert (held.state, held.attempts) == (State.QUEUED, 0)
    assert paused()
    assert broken.poll() is None
