"""PostgreSQL is restarted while Celery's workers have jobs. Run by ``drills.py`` with a server of its own."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection

from portrait.models import PortraitJob
from tests.portrait.kit import assert_no_orphans, enqueue, nothing_active, student, wait_for
from tests.portrait.worker.distributed.kit import CeleryWorkers
from tests.servers import PostgreSQL

State = PortraitJob.State


@pytest.fixture(scope="module")
def broker() -> SimpleNamespace:
    return SimpleNamespace(url=os.environ["DRILL_BROKER"])


def test_postgresql_is_restarted_in_the_middle(crew: CeleryWorkers) -> None:
    server = PostgreSQL.running(Path(os.environ["DRILL_HOME"]), int(os.environ["DRILL_PORT"]))
    jobs = [enqueue(student(name), "sleep:1.5") for name in ("ann", "ben", "cho")]
    worker = crew.worker("-B", concurrency=2, lease=30.0)
    wait_for(lambda: len(crew.executions()) == 2, "two running jobs")

    connection.close()
    server.kill()
    # The attempts end meanwhile; there is nowhere to write that to.
    wait_for(lambda: crew.output().count("the database does not answer") >= 4, "four tries")
    server.start()
    wait_for(nothing_active, "all jobs")

    for job in jobs:
        job.refresh_from_db()
        assert (job.state, job.attempts, len(crew.executions(job))) == (State.SUCCEEDED, 1, 1)
    assert_no_orphans()
    assert worker.poll() is None
