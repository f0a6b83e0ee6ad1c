"""The drills with Redis as the broker, and those that concern Redis alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.portrait.kit import enqueue, nothing_active, student, wait_for
from tests.portrait.worker.distributed.drills import *  # noqa: F403 (its tests)
from tests.portrait.worker.distributed.drills import assert_each_once
from tests.portrait.worker.distributed.kit import CeleryWorkers
from tests.servers import Redis, Server


@pytest.fixture(scope="module")
def broker() -> Iterator[Server]:
    with Redis() as server:
        yield server


def test_a_job_that_takes_longer_than_the_visibility_timeout_runs_once(crew: CeleryWorkers) -> None:
    """Redis gives the message to the second child while the first one still works on the job."""
    job = enqueue(student("ann"), "sleep:4")
    again = {"visibility_timeout": 1, "unacked_restore_interval": 1, "unacked_restore_throttle": 1}
    crew.worker(concurrency=2, log_level="DEBUG", transport=again)
    wait_for(nothing_active, "the job")

    assert crew.output().count("Task portrait.make") > 2, "the message came once only"
    assert_each_once(crew, [job])
