"""A student who changes their mind while the portrait is being made."""

from __future__ import annotations

from functools import partial

from portrait.models import PortraitJob
from portrait.queue import transitions
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


def test_a_cancelled_job_is_stopped_and_its_warm_child_goes_on(workers: Workers) -> None:
    ann, ben = student("ann"), student("ben")
    job = enqueue(ann, "sleep:60")
    workers.start(processes=1, cancel=20.0)
    [pid] = wait_for(lambda: workers.executions(job), "the job")

    assert transitions.cancel(ann.pk)
    other = enqueue(ben)
    wait_for(nothing_active, "the other job")

    job.refresh_from_db()
    other.refresh_from_db()
    assert (job.state, other.state) == (State.CANCELLED, State.SUCCEEDED)
    assert workers.executions(other) == [pid]
    assert_no_orphans()


def test_cancelling_in_a_loop_costs_no_child(workers: Workers) -> None:
    ann, ben = student("ann"), student("ben")
    workers.start(processes=1, cancel=20.0)
    for number in range(5):
        job = enqueue(ann, "sleep:60")
        wait_for(partial(workers.executions, job), "the job")
        if number % 2:
            assert transitions.cancel(ann.pk)
    other = enqueue(ben)
    transitions.cancel(ann.pk)
    wait_for(nothing_active, "the other job")
    assert len(set(workers.executions())) == 1
    assert workers.executions(other)


def test_a_child_that_does_not_stop_is_killed(workers: Workers) -> None:
    ann, ben = student("ann"), student("ben")
    job = enqueue(ann, "hang")
    workers.start(processes=1, cancel=0.5)
    [pid] = wait_for(lambda: workers.executions(job), "the job")

    assert transitions.cancel(ann.pk)

    wait_for(lambda: not is_running(pid), "the child's end")
    enqueue(ben)
    wait_for(nothing_active, "the other job")
    assert_no_orphans()


def test_a_new_photo_replaces_the_one_in_work(workers: Workers) -> None:
    ann = student("ann")
    old = enqueue(ann, "sleep:60")
    workers.start(processes=1)
    wait_for(lambda: workers.executions(old), "the old job")

    new = enqueue(ann)
    wait_for(nothing_active, "the new job")

    ann.refresh_from_db()
    new.refresh_from_db()
    assert new.state == State.SUCCEEDED
    assert ann.portrait.name == new.webp.name
    assert len(workers.executions(old)) == 1
    assert_no_orphans()


def test_a_student_who_leaves_takes_the_running_job_along(workers: Workers) -> None:
    ann = student("ann")
    job = enqueue(ann, "sleep:60")
    worker = workers.start(processes=1)
    [pid] = wait_for(lambda: workers.executions(job), "the job")

    ann.delete()

    other = enqueue(student("ben"))
    wait_for(nothing_active, "the other job")
    assert workers.executions(other) == [pid]
    assert workers.stop(worker) == 0
    assert_no_orphans()


def test_progress_is_published_while_the_job_runs(workers: Workers) -> None:
    job = enqueue(student("ann"), "sleep:4")
    workers.start(processes=1)

    seen = set()

    def running_far() -> bool:
        job.refresh_from_db()
        if job.state == State.RUNNING and job.stage == "animate":
            seen.add(job.progress)
        return len(seen) >= 3

    wait_for(running_far, "three different values of the progress")
    assert all(0 <= value < 1 for value in seen)
