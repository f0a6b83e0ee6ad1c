"""What is the machine's fault costs no job an attempt: the worker says so, waits longer and longer, and goes on."""

from __future__ import annotations

import errno
import re
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from portrait.engine.errors import CheckpointError
from portrait.engine.options import CHECKPOINTS, EngineOptions
from portrait.engine.request import PortraitRequest
from portrait.models import PortraitJob, PortraitWorker
from portrait.queue.installation import MARK
from portrait.worker import attempt, child, health
from portrait.worker.child import read_fault
from portrait.worker.messages import AttemptFailed, AttemptOrder
from tests.portrait.kit import Workers, assert_no_orphans, enqueue, nothing_active, student, wait_for
from user.models import User

State = PortraitJob.State


def paused() -> PortraitWorker | None:
    return PortraitWorker.objects.filter(paused=True).first()


def assert_waiting(job: PortraitJob) -> None:
    """The job is queued and was charged nothing. The worker registers a fault before it gives the job back."""

    def queued() -> bool:
        job.refresh_from_db()
        return job.state == State.QUEUED

    wait_for(queued, "the job in the queue again")
    assert (job.attempts, job.error_code) == (0, "")


def assert_made(job: PortraitJob) -> None:
    wait_for(nothing_active, "the portrait after the fault")
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.SUCCEEDED, 1)
    assert_no_orphans()


def test_jobs_wait_for_a_full_disk_and_students_are_told_so(
    workers: Workers, as_alice: APIClient, alice: User, media: Path
) -> None:
    workers.start()
    wait_for((media / MARK).exists, "the worker")
    full = workers.folder / "full"
    full.touch()
    job = enqueue(alice)

    fault = wait_for(paused, "the fault in the register").fault

    assert "No space left on device" in fault
    wait_for(lambda: len(workers.executions(job)) > 0 and paused(), "the pause")
    status = as_alice.get("/user/portrait/").json()
    assert (status["status"], status["eta"], status["error"]) == ("queued", None, None)
    assert_waiting(job)
    full.unlink()
    assert_made(job)
    # The result that could not be stored, and perhaps the probe that could not be written: each is said once.
    said = re.findall("no jobs are taken: (.+)", workers.output())
    assert said and len(said) == len(set(said))


def test_a_full_disk_in_the_child_is_no_hot_loop(workers: Workers) -> None:
    job, other = enqueue(student("ann"), "disk-full"), enqueue(student("ben"))
    workers.start(first_pause=0.2)
    # 0.2 + 0.4 + 0.8 seconds.
    wait_for(lambda: len(workers.executions(job)) >= 3, "the third try")
    assert workers.executions(other) == []
    assert_waiting(job)
    assert workers.output().count("no jobs are taken: ") <= 3


def test_jobs_wait_while_there_is_no_ffmpeg(workers: Workers) -> None:
    program = workers.folder / "ffmpeg"
    job = enqueue(student("ann"), "ffmpeg")
    workers.start(environment={"IMAGEIO_FFMPEG_EXE": str(program)})

    assert "ffmpeg cannot be started" in wait_for(paused, "the fault in the register").fault

    assert_waiting(job)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert_made(job)


def test_jobs_wait_while_the_media_disk_is_not_mounted(workers: Workers, media: Path) -> None:
    workers.start()
    wait_for((media / MARK).exists, "the mark")
    job = enqueue(student("ann"))
    aside = media.with_name("aside")
    # Between the two calls the worker may have taken the job: the mount point is empty either way.
    media.rename(aside)
    media.mkdir()
    later = [enqueue(student(name)) for name in ("ben", "cho")]

    assert "its mark is missing" in wait_for(paused, "the fault in the register").fault

    for one in later:
        one.refresh_from_db()
        assert (one.state, one.attempts) in {(State.QUEUED, 0), (State.SUCCEEDED, 1)}
    for file in [file for file in media.rglob("*") if file.is_file()]:
        target = aside / file.relative_to(media)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.rename(target)
    for folder in sorted(media.rglob("*"), reverse=True):
        folder.rmdir()
    media.rmdir()
    aside.rename(media)
    wait_for(nothing_active, "all portraits after the fault")
    for one in (job, *later):
        one.refresh_from_db()
        assert one.error_code in {"", "photo_missing"}


def test_a_cleaner_of_temporary_files_does_not_stop_the_pool(workers: Workers) -> None:
    first = enqueue(student("ann"))
    workers.start()
    wait_for(nothing_active, "the first portrait")
    [scratch] = workers.scratch_folders()
    for file in [*scratch.glob("*.ready"), scratch / "lock"]:
        file.unlink()

    second = enqueue(student("ben"))

    assert_made(second)
    assert workers.executions(second) == workers.executions(first), "in the same warm child"
    assert (scratch / "lock").exists()


# --- the parts -----------------------------------------------------------------------------------------------------


def order(folder: Path) -> AttemptOrder:
    return AttemptOrder(1, str(folder / "photo.jpg"), PortraitRequest(motion="nod"), str(folder))


def test_a_first_report_that_cannot_be_written_is_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(attempt, "replace_file", full)
    end = attempt.run("tests.portrait.faults.act", order(tmp_path))
    assert isinstance(end, AttemptFailed)
    assert (end.code, end.machine) == ("storage_unavailable", True)


@pytest.mark.parametrize("damage", ["other contents", "missing"])
def test_weights_other_than_recorded_are_not_loaded(tmp_path: Path, damage: str) -> None:
    for file in CHECKPOINTS.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    painter = tmp_path / "painter.safetensors"
    if damage == "missing":
        painter.unlink()
    else:
        painter.write_bytes(painter.read_bytes()[:-1] + b"\0")
    with pytest.raises(CheckpointError, match=r"painter\.safetensors"):
        attempt.load_engine(EngineOptions(checkpoints=tmp_path))


def test_the_pauses_grow_up_to_a_limit_and_begin_again_after_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    state = health.Health(tmp_path, None)
    monkeypatch.setattr(state, "probe", lambda: "broken")
    looks = []
    state.blame("broken")
    while now < 2000:
        before = state._look_at
        assert not state.allows_jobs()
        if state._look_at != before:
            looks.append(now)
        now += 1
    assert [later - sooner for sooner, later in pairwise(looks)][:8] == [
        *(10, 20, 40, 80, 160, 300, 300, 300)
    ]
    monkeypatch.setattr(state, "probe", lambda: "")
    now += 300
    assert state.allows_jobs()
    state.worked()
    state.blame("again")
    assert state._look_at == now + health.FIRST_PAUSE


def test_a_child_that_cannot_start_waits_longer_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = [child._note_fault(tmp_path / "fault", ValueError("cut short")) for _ in range(8)]
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]
    assert read_fault(tmp_path / "fault") == ("ValueError: cut short", 8)
