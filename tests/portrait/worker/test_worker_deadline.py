"""A child that hangs."""

from __future__ import annotations

from portrait.models import PortraitJob
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


def test_a_hanging_child_is_killed_at_the_deadline_and_the_others_go_on(workers: Workers) -> None:
    hanging = enqueue(student("ann"), "hang")
    others = [enqueue(student(name), "sleep:0.1") for name in ("ben", "cho")]
    workers.start(processes=1, deadline=0.5)

    wait_for(nothing_active, "all jobs")

    hanging.refresh_from_db()
    assert (hanging.state, hanging.attempts, hanging.error_code) == (State.FAILED, 3, "deadline_exceeded")
    for job in others:
        job.refresh_from_db()
        assert job.state == State.SUCCEEDED
    for pid in workers.executions(hanging):
        assert not is_running(pid)
    assert_no_orphans()
