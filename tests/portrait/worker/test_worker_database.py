"""A database that goes away for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from portrait.models import PortraitJob
from tests.portrait.kit import Workers, assert_no_orphans, enqueue, nothing_active, student, wait_for

State = PortraitJob.State


@contextmanager
def without_its_table() -> Iterator[None]:
    table = connection.ops.quote_name(PortraitJob._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO elsewhere")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE elsewhere RENAME TO {table}")


def test_the_worker_waits_and_loses_nothing(workers: Workers) -> None:
    job = enqueue(student("ann"), "sleep:0.8")
    worker = workers.start(lease=30)
    wait_for(workers.executions, "the job")

    with without_its_table():
        # The child finishes meanwhile; there is nowhere to write that to.
        wait_for(lambda: workers.output().count("next try in") >= 4, "four tries")
    wait_for(nothing_active, "the job")

    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.SUCCEEDED, 1)
    assert len(workers.executions()) == 1
    assert workers.stop(worker) == 0
    assert_no_orphans()


# SQLite has no connections that could be cut; test_jobs_on_postgresql.py runs this file.
if connection.vendor == "postgresql":

    def test_a_cut_connection_is_opened_again(workers: Workers) -> None:
        job = enqueue(student("ann"), "sleep:1.5")
        worker = workers.start(lease=30)
        wait_for(workers.executions, "the job")

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        wait_for(nothing_active, "the job")

        job.refresh_from_db()
        assert (job.state, job.attempts) == (State.SUCCEEDED, 1)
        assert "does not answer" in workers.output()
        assert workers.stop(worker) == 0
