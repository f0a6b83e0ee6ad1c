"""A worker whose files are on S3: no folder in common with the web process, and a server that is slow or away."""

from __future__ import annotations

from common.storage import Storage
from portrait.models import PortraitJob, PortraitWorker
from tests.portrait.kit import (
    Workers,
    assert_no_orphans,
    enqueue,
    nothing_active,
    student,
    wait_for,
)
from tests.tcp_proxy import Proxy

State = PortraitJob.State


def assert_made(job: PortraitJob) -> None:
    wait_for(nothing_active, "the portrait")
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error_code) == (State.SUCCEEDED, 1, "")


def test_a_portrait_is_made_and_complete_when_the_row_says_so(s3: Storage, workers: Workers) -> None:
    job = enqueue(student("ann"), "still:0.3")
    worker = workers.start()
    assert_made(job)
    for name in job.file_names:
        assert s3.exists(name)
    assert_no_orphans()
    assert workers.stop(worker) == 0


def test_a_server_that_goes_away_in_the_middle_costs_no_attempt(
    s3: Storage, s3_line: Proxy, workers: Workers
) -> None:
    job = enqueue(student("ann"), "sleep:1")
    workers.start()
    wait_for(lambda: workers.executions(job), "the attempt")
    s3_line.fail("cut")

    fault = wait_for(PortraitWorker.objects.filter(paused=True).first, "the fault in the register").fault

    assert "the S3 storage does not answer" in fault
    later = enqueue_while_away(s3_line)
    s3_line.fail("")
    assert_made(job)
    assert_made(later)
    assert_no_orphans()
    assert workers.output().count("no jobs are taken: ") <= 2


def enqueue_while_away(line: Proxy) -> PortraitJob:
    """A job that another web process has accepted, whose connection works."""
    line.fail("")
    job = enqueue(student("ben"))
    line.fail("cut")
    return job


def test_a_server_that_takes_longer_than_a_lease_lasts_has_no_job_made_twice(
    s3: Storage, s3_line: Proxy, workers: Workers
) -> None:
    jobs = [enqueue(student("ann"), "sleep:1"), enqueue(student("ben"))]
    workers.start(lease=1.5, processes=2)
    other = workers.start(lease=1.5)
    wait_for(lambda: workers.executions(jobs[0]) and workers.executions(jobs[1]), "both attempts")
    # Six files, one after the other.
    s3_line.delay = 0.4
    for job in jobs:
        assert_made(job)
        assert len(workers.executions(job)) == 1
    s3_line.delay = 0.0
    assert_no_orphans()
    assert workers.stop(other) == 0
