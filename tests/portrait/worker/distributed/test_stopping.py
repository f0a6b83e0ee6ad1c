"""What a Celery worker stops: cancelled attempts, those past the deadline, and itself where it hears nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from portrait.models import PortraitJob, PortraitWorker
from portrait.queue import transitions
from tests.portrait.kit import (
    assert_no_orphans,
    children_of,
    enqueue,
    is_running,
    nothing_active,
    student,
    wait_for,
)
from tests.portrait.worker.distributed.kit import CeleryWorkers
from tests.servers import Redis, Server

State = PortraitJob.State


@pytest.fixture(scope="module")
def broker() -> Iterator[Server]:
    with Redis() as server:
        yield server


def test_a_cancelled_attempt_stops_and_its_process_goes_on_unless_it_is_deaf(crew: CeleryWorkers) -> None:
    ann, ben = student("ann"), student("ben")
    job = enqueue(ann, "still:60")
    worker = crew.worker("-B", cancel=2.0)
    [pid] = wait_for(lambda: crew.executions(job), "the job")
    wait_for(lambda: PortraitJob.objects.get(pk=job.pk).poster, "the painted still")
    assert list(PortraitWorker.objects.values_list("pid", "processes", "fault")) == [(pid, 1, "")]

    assert transitions.cancel(ann.pk)
    other = enqueue(ben)
    wait_for(nothing_active, "the other job")
    assert crew.executions(other) == [pid]

    deaf = enqueue(ann, "hang")
    wait_for(lambda: crew.executions(deaf), "the deaf job")
    assert transitions.cancel(ann.pk)
    wait_for(lambda: not is_running(pid), "the end of its process")
    enqueue(ben)
    wait_for(nothing_active, "the last job")
    assert_no_orphans()
    assert worker.poll() is None


def test_an_attempt_past_the_deadline_ends_and_is_tried_again(crew: CeleryWorkers) -> None:
    slow, deaf = enqueue(student("ann"), "sleep-once:60"), enqueue(student("ben"), "hang-once")
    crew.worker("-B", concurrency=2, deadline=1.5)
    wait_for(nothing_active, "both jobs")

    for job in (slow, deaf):
        job.refresh_from_db()
        assert (job.state, job.attempts) == (State.SUCCEEDED, 2)
    # Both threads of a child may end the attempt; one of them writes the end and says so.
    assert crew.output().count("deadline_exceeded") == 2
    assert_no_orphans()


def test_a_signal_to_the_whole_group_costs_the_job_no_attempt(crew: CeleryWorkers) -> None:
    """Service managers tell the children too."""
    job = enqueue(student("ann"), "sleep:60")
    worker = crew.worker(grace=30.0)
    [child] = wait_for(lambda: crew.executions(job), "the job")

    worker.send_signal(signal.SIGTERM)
    os.kill(child, signal.SIGTERM)

    assert worker.wait(20) == 0
    job.refresh_from_db()
    assert (job.state, job.attempts, job.worker) == (State.QUEUED, 0, "")
    assert not PortraitWorker.objects.exists()


def test_a_worker_that_receives_no_messages_starts_again(crew: CeleryWorkers) -> None:
    """Here because it listens to the other queue alone; else after a fault of the connection that was not noticed."""
    enqueue(student("ann"))
    worker = crew.worker("-Q", "portrait-upkeep", silent_after=1.0)
    before = wait_for(lambda: children_of(worker.pid), "its child")

    wait_for(lambda: "it is started again" in crew.output(), "the watch")
    wait_for(lambda: not any(map(is_running, before)), "the end of the child")
    wait_for(lambda: children_of(worker.pid), "the next child")

    wait_for(lambda: crew.output().count(" ready.") > 1, "the second start")
    assert worker.poll() is None
