"""Two workers on one database."""

from __future__ import annotations

from portrait.models import PortraitJob
from tests.portrait.kit import Workers, assert_no_orphans, enqueue, student, wait_for

State = PortraitJob.State


def test_each_job_is_run_exactly_once(workers: Workers) -> None:
    made = [enqueue(student(f"student-{number}"), "sleep:0.02") for number in range(40)]
    crew = [workers.start(processes=2, poll=0.05) for _ in range(2)]

    wait_for(lambda: PortraitJob.objects.filter(state=State.SUCCEEDED).count() == len(made), "all jobs")

    assert len(workers.executions()) == len(made)
    assert set(PortraitJob.objects.values_list("attempts", flat=True)) == {1}
    assert set(PortraitJob.objects.values_list("lease", flat=True)) == {1}
    assert PortraitJob.objects.values("worker").distinct().count() == 2, "both had a part in it"
    assert [workers.stop(worker) for worker in crew] == [0, 0]
    assert_no_orphans()
