"""A worker that was taken for dead, but was only slow, finishes late."""

from __future__ import annotations

import signal
from concurrent.futures import Future
from pathlib import Path

from portrait.engine.output.formats import FORMATS
from portrait.models import PortraitJob
from portrait.queue import transitions
from portrait.worker.health import Health
from portrait.worker.messages import AttemptDone, AttemptOrder
from portrait.worker.running import PooledAttempt, WorkerOptions
from portrait.worker.supervisor import Worker
from tests.portrait.kit import (
    Workers,
    assert_no_orphans,
    claim,
    enqueue,
    files_on_disk,
    nothing_active,
    student,
    wait_for,
    write_results,
)

State = PortraitJob.State


def test_its_result_is_dropped_and_its_files_are_removed(workers: Workers) -> None:
    owner = student("ann")
    job = enqueue(owner, "sleep:1.0")
    slow = workers.start(lease=1.0)
    wait_for(workers.executions, "the first attempt")

    # The parent stands still, as under heavy swapping; its child goes on and has the result ready.
    slow.send_signal(signal.SIGSTOP)
    quick = workers.start(lease=1.0)
    wait_for(nothing_active, "the second attempt")
    assert workers.stop(quick) == 0
    owner.refresh_from_db()
    shown = owner.portrait.name
    slow.send_signal(signal.SIGCONT)
    wait_for(
        lambda: "too late" in workers.output() or "not ours any more" in workers.output(), "the slow worker"
    )
    assert workers.stop(slow) == 0

    job.refresh_from_db()
    owner.refresh_from_db()
    assert (job.state, job.attempts, job.lease) == (State.SUCCEEDED, 2, 2)
    assert owner.portrait.name == job.webp.name == shown
    assert len(workers.executions(job)) == 2
    assert_no_orphans()


def test_a_result_that_comes_after_the_job_was_finished_elsewhere_leaves_no_trace(
    transactional_db: None, tmp_path: Path
) -> None:
    """The last moment: the lease is lost between writing the files and writing the row."""
    owner = student("ann")
    enqueue(owner)
    late = claim()
    transitions.give_back(late)
    holder = claim()
    assert transitions.finish(holder, write_results(holder))
    owner.refresh_from_db()
    shown, before = owner.portrait.name, files_on_disk()

    worker = Worker(WorkerOptions())
    worker._health = Health(tmp_path, None)
    worker.monitor.attempts.append(finished_attempt(late, tmp_path / "attempt"))
    worker._settle_finished()

    assert worker.monitor.attempts == []
    owner.refresh_from_db()
    assert owner.portrait.name == shown
    assert files_on_disk() == before
    assert_no_orphans()


def finished_attempt(job: PortraitJob, folder: Path) -> PooledAttempt:
    folder.mkdir()
    order = AttemptOrder(job.pk, "", job.request, str(folder))
    names = {row.name: f"{row.name}.{row.suffix}" for row in FORMATS}
    for name in names.values():
        (folder / name).write_bytes(b"late")
    future: Future[AttemptDone] = Future()
    future.set_result(AttemptDone(names, job.request))
    return PooledAttempt(job, order, 60.0, future=future)
