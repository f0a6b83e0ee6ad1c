"""A worker that is asked to stop."""

from __future__ import annotations

import os
import signal
import time

import pytest

from portrait.models import PortraitJob
from tests.portrait.kit import Workers, assert_no_orphans, children_of, enqueue, is_running, student, wait_for

State = PortraitJob.State


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_finishes_what_runs_and_leaves_what_waits(workers: Workers, number: signal.Signals) -> None:
    running = enqueue(student("ann"), "sleep:1.0")
    waiting = enqueue(student("ben"))
    worker = workers.start(grace=20)
    wait_for(workers.executions, "the running job")
    family = children_of(worker.pid)

    worker.send_signal(number)

    assert worker.wait(20) == 0
    running.refresh_from_db()
    waiting.refresh_from_db()
    assert (running.state, running.attempts) == (State.SUCCEEDED, 1)
    assert (waiting.state, waiting.attempts) == (State.QUEUED, 0)
    assert workers.scratch_folders() == []
    wait_for(lambda: not any(map(is_running, family)), "the end of all its processes")
    assert_no_orphans()


def test_what_takes_longer_than_the_grace_is_given_back(workers: Workers) -> None:
    job = enqueue(student("ann"), "sleep:60")
    worker = workers.start(grace=0.3)
    wait_for(workers.executions, "the job")

    assert workers.stop(worker) == 0

    job.refresh_from_db()
    assert (job.state, job.attempts, job.worker) == (State.QUEUED, 0, "")
    assert_no_orphans()


def test_the_second_signal_means_at_once(workers: Workers) -> None:
    job = enqueue(student("ann"), "sleep:60")
    worker = workers.start(grace=60)
    wait_for(workers.executions, "the job")

    begin = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert worker.poll() is None
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(20) == 0
    assert time.monotonic() - begin < 30
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.QUEUED, 0)


def test_a_signal_to_the_whole_group_costs_the_job_no_attempt(workers: Workers) -> None:
    """Service managers tell the children too."""
    job = enqueue(student("ann"), "sleep:60")
    worker = workers.start(grace=20)
    wait_for(workers.executions, "the job")

    worker.send_signal(signal.SIGTERM)
    os.kill(workers.executions(job)[0], signal.SIGTERM)

    assert worker.wait(20) == 0
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.QUEUED, 0)
