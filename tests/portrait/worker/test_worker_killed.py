"""kill -9 of the worker in the middle of its jobs."""

from __future__ import annotations

from portrait.models import PortraitJob, PortraitWorker
from tests.portrait.kit import (
    Workers,
    assert_no_orphans,
    children_of,
    enqueue,
    is_running,
    nothing_active,
    student,
    wait_for,
)

State = PortraitJob.State


def test_a_second_worker_finishes_what_the_first_began(workers: Workers) -> None:
    running = [enqueue(student(name), "sleep:1.0") for name in ("ann", "ben")]
    waiting = enqueue(student("cho"), "sleep:0.1")
    first = workers.start(processes=2, lease=1.0)
    wait_for(lambda: len(workers.executions()) == 2, "two running jobs")

    first.kill()
    first.wait()
    workers.start(processes=2, lease=1.0)
    wait_for(nothing_active, "all jobs")

    for job in [*running, waiting]:
        job.refresh_from_db()
        assert job.state == State.SUCCEEDED
    assert [job.attempts for job in [*running, waiting]] == [2, 2, 1]
    assert_no_orphans()


def test_its_children_and_their_helpers_die_with_it(workers: Workers) -> None:
    job = enqueue(student("ann"), "helper")
    worker = workers.start(processes=2)
    helper = workers.helper()
    [child] = workers.executions(job)
    family = children_of(worker.pid)
    assert child in family

    worker.kill()
    worker.wait()

    wait_for(lambda: not any(map(is_running, [*family, helper])), "the end of all its processes")


def test_its_scratch_folder_is_removed_by_the_next_one(workers: Workers) -> None:
    enqueue(student("ann"), "sleep:30")
    worker = workers.start()
    wait_for(workers.executions, "the job")
    [left] = workers.scratch_folders()

    worker.kill()
    worker.wait()
    assert left.exists()
    successor = workers.start()
    wait_for(lambda: not left.exists(), "the cleaning")

    assert workers.stop(successor) == 0
    assert workers.scratch_folders() == []


def test_a_living_workers_scratch_folder_is_left_alone(workers: Workers) -> None:
    enqueue(student("ann"), "sleep:1")
    workers.start()
    wait_for(workers.executions, "the job")
    [folder] = workers.scratch_folders()

    assert workers.start(drain=True).wait(30) == 0

    assert folder.exists()
    wait_for(nothing_active, "the job's end")
    assert PortraitJob.objects.get().attempts == 1


def test_the_register_knows_who_is_alive(workers: Workers) -> None:
    worker = workers.start(processes=2)
    row = wait_for(PortraitWorker.objects.first, "the worker's row")
    assert (row.pid, row.processes, row.fault) == (worker.pid, 2, "")

    assert workers.stop(worker) == 0
    assert not PortraitWorker.objects.exists()
