"""kill -9 of a child in the middle of a job."""

from __future__ import annotations

import os
import signal

from portrait.models import PortraitJob
from tests.portrait.kit import (
    Workers,
    assert_no_orphans,
    enqueue,
    is_running,
    nothing_active,
    student,
    wait_for,
)

State = PortraitJob.State


def test_the_job_is_run_again_and_the_others_go_on(workers: Workers) -> None:
    victim = enqueue(student("ann"), "sleep:1.0")
    others = [enqueue(student(name), "sleep:0.2") for name in ("ben", "cho", "dee")]
    workers.start(processes=2)

    [pid] = wait_for(lambda: workers.executions(victim), "the first attempt")
    os.kill(pid, signal.SIGKILL)
    wait_for(nothing_active, "all jobs")

    victim.refresh_from_db()
    assert (victim.state, victim.attempts) == (State.SUCCEEDED, 2)
    assert len(workers.executions(victim)) == 2
    for job in others:
        job.refresh_from_db()
        assert (job.state, job.attempts) == (State.SUCCEEDED, 1)
        assert len(workers.executions(job)) == 1
    assert_no_orphans()


def test_an_idle_child_that_is_killed_costs_no_attempt(workers: Workers) -> None:
    first = enqueue(student("ann"))
    worker = workers.start(processes=1)
    wait_for(nothing_active, "the first job")

    os.kill(workers.executions(first)[0], signal.SIGKILL)
    second = enqueue(student("ben"))
    wait_for(nothing_active, "the second job")

    second.refresh_from_db()
    assert (second.state, second.attempts) == (State.SUCCEEDED, 1)
    assert worker.poll() is None


def test_a_job_that_always_kills_its_child_fails_after_three_attempts(workers: Workers) -> None:
    poison = enqueue(student("ann"), "kill")
    others = [enqueue(student(name), "sleep:0.1") for name in ("ben", "cho")]
    workers.start(processes=1)

    wait_for(nothing_active, "all jobs")

    poison.refresh_from_db()
    assert (poison.state, poison.attempts, poison.error_code) == (State.FAILED, 3, "child_killed")
    assert len(workers.executions(poison)) == 3
    for job in others:
        job.refresh_from_db()
        assert job.state == State.SUCCEEDED
    assert_no_orphans()


def test_a_job_that_kills_its_child_once_succeeds(workers: Workers) -> None:
    job = enqueue(student("ann"), "kill-once")
    assert workers.start(drain=True).wait(30) == 0

    job.refresh_from_db()
    assert (job.state, job.attempts, job.error_code) == (State.SUCCEEDED, 2, "")


def test_a_child_that_leaves_without_a_word_counts_as_killed(workers: Workers) -> None:
    """Exit code 0 in the middle of a job is no success; the pool itself would wait for the deadline."""
    job = enqueue(student("ann"), "leave")
    workers.start(deadline=600)
    wait_for(lambda: PortraitJob.objects.filter(pk=job.pk, error_code="child_killed").exists(), "the fault")


def test_the_helpers_of_a_killed_child_end_too(workers: Workers) -> None:
    """As ffmpeg does, which reads from a pipe that only its child of ours holds."""
    job = enqueue(student("ann"), "helper")
    workers.start()
    helper = workers.helper()
    assert is_running(helper)

    os.kill(workers.executions(job)[0], signal.SIGKILL)

    wait_for(lambda: not is_running(helper), "the helper's end")
