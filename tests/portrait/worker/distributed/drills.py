"""Drills for a fleet of Celery workers: each runs on Redis and on RabbitMQ.

Each ends with every accepted job finished exactly once, or failed with a code, and no file that no job names.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from django.db import connection

from portrait.models import PortraitJob
from portrait.queue import delivery
from tests.paths import ROOT
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
from tests.servers import PostgreSQL, Process

State = PortraitJob.State


def assert_each_once(crew: CeleryWorkers, jobs: list[PortraitJob]) -> None:
    """Each job succeeded, in the one execution that it had."""
    for job in jobs:
        job.refresh_from_db()
        assert (job.state, job.attempts, len(crew.executions(job))) == (State.SUCCEEDED, 1, 1)
    assert_no_orphans()


def stop_between_writes(pids: list[int]) -> None:
    """SIGSTOP, but not while one of them holds the lock of the SQLite file, which would stop everybody else."""

    def stopped_without_the_lock() -> bool:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(0.05)
        try:
            with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0.5)) as probe:
                probe.execute("BEGIN IMMEDIATE")
                probe.rollback()
        except sqlite3.OperationalError:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
            return False
        return True

    wait_for(stopped_without_the_lock, "a moment without a write")


def test_a_broker_that_is_restarted_empty_loses_no_job(crew: CeleryWorkers, broker: Process) -> None:
    jobs = [enqueue(student("ann"), "sleep:1.5"), enqueue(student("ben")), enqueue(student("cho"))]
    crew.worker("-B", lease=1.0)
    wait_for(crew.executions, "the first job")

    broker.kill()
    # Accepted while there is no broker.
    jobs.append(enqueue(student("dee")))
    broker.empty()
    broker.start()
    wait_for(nothing_active, "all jobs")

    assert_each_once(crew, jobs)


def test_an_idle_worker_comes_back_after_the_brokers_restart(crew: CeleryWorkers, broker: Process) -> None:
    jobs = [enqueue(student("ann"))]
    worker = crew.worker("-B", lease=1.0)
    wait_for(nothing_active, "the first job")

    broker.kill()
    broker.start()
    jobs.append(enqueue(student("ben")))
    wait_for(nothing_active, "the second job")

    assert_each_once(crew, jobs)
    assert worker.poll() is None


def test_a_job_whose_worker_is_killed_three_times_fails(crew: CeleryWorkers) -> None:
    poison, other = enqueue(student("ann"), "sleep:60"), enqueue(student("ben"))
    for number in range(3):
        worker = crew.worker("-B", lease=1.0)
        wait_for(lambda: len(crew.executions(poison)) > number, "the attempt")  # noqa: B023 (called at once)
        family = children_of(worker.pid)
        worker.kill()
        worker.wait()
        wait_for(lambda: not any(map(is_running, family)), "the end of its processes")  # noqa: B023
    crew.worker("-B", lease=1.0)
    wait_for(nothing_active, "both jobs")

    poison.refresh_from_db()
    assert (poison.state, poison.attempts, poison.error_code) == (State.FAILED, 3, "worker_lost")
    assert_each_once(crew, [other])


def test_a_job_that_kills_its_process_three_times_fails_and_the_others_go_on(crew: CeleryWorkers) -> None:
    poison, other = enqueue(student("ann"), "kill"), enqueue(student("ben"))
    # A lease that outlasts the start of the next process on any machine: the death is seen, and not guessed.
    worker = crew.worker("-B", lease=60.0)
    wait_for(nothing_active, "both jobs", patience=90.0)

    poison.refresh_from_db()
    assert (poison.state, poison.attempts, poison.error_code) == (State.FAILED, 3, "child_killed")
    assert len(crew.executions(poison)) == 3
    assert_each_once(crew, [other])
    assert worker.poll() is None


def test_a_warm_shutdown_finishes_what_it_can_and_gives_the_rest_back(crew: CeleryWorkers) -> None:
    short, long = enqueue(student("ann"), "sleep:1"), enqueue(student("ben"), "sleep-once:60")
    first = crew.worker(concurrency=2, grace=2.0)
    wait_for(lambda: len(crew.executions()) == 2, "both jobs")

    assert crew.stop(first) == 0

    assert_each_once(crew, [short])
    long.refresh_from_db()
    assert (long.state, long.attempts, long.worker) == (State.QUEUED, 0, "")
    crew.worker()
    wait_for(nothing_active, "the other job")
    long.refresh_from_db()
    assert (long.state, long.attempts) == (State.SUCCEEDED, 1)
    assert_no_orphans()


def test_a_restarted_postgresql_loses_no_job(broker: Process, tmp_path: Path) -> None:
    with PostgreSQL() as server:
        process = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"),
                f"--basetemp={tmp_path / 'again'}",
                str(Path(__file__).parent / "restarted_postgresql.py"),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": server.url,
                "DRILL_BROKER": broker.url,
                "DRILL_HOME": str(server.home),
                "DRILL_PORT": str(server.port),
            },
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert process.returncode == 0, process.stdout[-8000:]


def test_a_worker_that_falls_silent_is_replaced_and_its_late_result_dropped(crew: CeleryWorkers) -> None:
    slow = crew.worker("-n", "slow@%h", lease=1.0)
    job = enqueue(student("ann"), "sleep-once:2")
    wait_for(lambda: crew.executions(job), "the job")
    stopped = [slow.pid, *children_of(slow.pid)]
    stop_between_writes(stopped)
    others = [enqueue(student(name), "sleep:0.1") for name in ("ben", "cho", "dee")]
    # Messages that come twice.
    for other in others:
        delivery.send(other.pk)

    crew.worker("-B", "-n", "quick@%h", lease=1.0)
    wait_for(nothing_active, "all jobs")
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: re.search(r"is stopped \(lost\)|finished too late", crew.output()), "the late attempt")

    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.SUCCEEDED, 2)
    assert_each_once(crew, others)
    # Both work on.
    last = [enqueue(student(name), "sleep:0.5") for name in ("eve", "fay")]
    wait_for(nothing_active, "the last jobs")
    assert_each_once(crew, last)
