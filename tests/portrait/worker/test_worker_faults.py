"""What each kind of failure is called, and children that cannot even start."""

from __future__ import annotations

import pytest

from portrait.models import PortraitJob, PortraitWorker
from tests.portrait.kit import Workers, enqueue, student, wait_for

State = PortraitJob.State


@pytest.mark.parametrize(
    ("motion", "code", "attempts"),
    [
        pytest.param("no-face", "no_face", 1, id="the photo's fault is final"),
        pytest.param("bug", "internal_error", 3, id="ours is tried again"),
        pytest.param("memory", "out_of_memory", 3, id="short memory is tried again"),
        pytest.param("memory-in-a-library", "out_of_memory", 3, id="also inside a library"),
        pytest.param("memory-in-torch", "out_of_memory", 3, id="also inside torch"),
    ],
)
def test_a_failure_has_a_stable_code(workers: Workers, motion: str, code: str, attempts: int) -> None:
    job = enqueue(student("ann"), motion)
    assert workers.start(drain=True).wait(30) == 0

    job.refresh_from_db()
    assert (job.state, job.error_code, job.attempts) == (State.FAILED, code, attempts)


def test_the_traceback_is_for_the_log_alone(workers: Workers) -> None:
    job = enqueue(student("ann"), "bug")
    assert workers.start(drain=True).wait(30) == 0

    job.refresh_from_db()
    assert job.error_detail == ""
    assert "RuntimeError: a fault of ours" in workers.output()


def test_a_damaged_checkpoint_is_named_in_the_log_and_costs_no_job_anything(workers: Workers) -> None:
    job = enqueue(student("ann"))
    worker = workers.start(loader="tests.portrait.faults.broken")

    row = wait_for(PortraitWorker.objects.exclude(fault="").first, "the fault in the register")

    assert "motion.safetensors: is cut short" in row.fault
    assert "children cannot start" in workers.output()
    assert workers.stop(worker) == 0
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.QUEUED, 0)
    assert workers.executions() == []
    # No busy loop: a start that fails is followed by a pause.
    assert workers.output().count("ValueError: checkpoints") < 10
