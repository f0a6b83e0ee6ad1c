"""How the queue is doing, for the people who run the school."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from portrait.models import PortraitJob
from portrait.queue.clock import database_now
from portrait.queue.workers import alive

State = PortraitJob.State


@dataclass(frozen=True)
class QueueOverview:
    """``oldest``: since when the first in the queue waits. A worker that is paused has no children."""

    queued: int
    running: int
    failed_today: int
    oldest: datetime | None
    workers: int
    children: int
    faults: list[str]

    @property
    def stalled(self) -> bool:
        """Whether jobs wait and no child can take them."""
        return bool(self.queued and not self.children)


def queue_overview() -> QueueOverview:
    """Three queries, however many jobs and workers there are."""
    now = database_now()
    jobs = PortraitJob.objects.aggregate(
        queued=Count("pk", filter=Q(state=State.QUEUED)),
        running=Count("pk", filter=Q(state=State.RUNNING)),
        failed_today=Count("pk", filter=Q(state=State.FAILED, finished_at__gt=now - timedelta(days=1))),
        oldest=Min("queued_at", filter=Q(state=State.QUEUED)),
    )
    workers = list(alive().values_list("processes", "fault", "paused"))
    return QueueOverview(
        queued=jobs["queued"],
        running=jobs["running"],
        failed_today=jobs["failed_today"],
        oldest=jobs["oldest"],
        workers=len(workers),
        children=sum(processes for processes, _fault, paused in workers if not paused),
        faults=[fault for _processes, fault, _paused in workers if fault],
    )
