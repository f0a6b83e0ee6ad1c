"""How the queue is doing, for the people who run the school."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, Sum

from portrait.models import PortraitJob, PortraitWorker
from portrait.queue.clock import database_now
from portrait.queue.workers import alive

State = PortraitJob.State

# How many of the latest portraits tell how long the stages take.
TIMED = 100


@dataclass(frozen=True)
class QueueOverview:
    """``oldest``: since when the first in the queue waits. ``children`` are those of workers that are not paused.

    ``retrying`` counts the active jobs whose last attempt failed, by its code.
    """

    now: datetime
    queued: int
    running: int
    failed_today: int
    oldest: datetime | None
    retrying: Mapping[str, int]
    workers: int
    paused: int
    silent: int
    children: int
    faults: list[str]

    @property
    def stalled(self) -> bool:
        """Whether jobs wait and no child can take them."""
        return bool(self.queued and not self.children)

    @property
    def oldest_seconds(self) -> float:
        """How long the first in the queue has waited; 0 where none waits."""
        return max(0.0, (self.now - self.oldest).total_seconds()) if self.oldest else 0.0


@dataclass(frozen=True)
class RecentEnds:
    """The jobs that ended within a time: by outcome and code, and the attempts beyond the first of each.

    ``seconds`` are those of the latest portraits as a whole, ``stages`` those of their stages.
    """

    outcomes: Mapping[tuple[str, str], int]
    retries: int
    seconds: list[float]
    stages: Mapping[str, list[float]]


def queue_overview() -> QueueOverview:
    """Six queries over what an index finds, however many jobs have ended."""
    now = database_now()
    active = PortraitJob.objects.filter(state__in=PortraitJob.ACTIVE).order_by()
    jobs = active.aggregate(
        queued=Count("pk", filter=Q(state=State.QUEUED)),
        running=Count("pk", filter=Q(state=State.RUNNING)),
        oldest=Min("queued_at", filter=Q(state=State.QUEUED)),
    )
    failed = PortraitJob.objects.filter(state=State.FAILED, finished_at__gt=now - timedelta(days=1))
    retrying = active.exclude(error_code="").values_list("error_code").annotate(Count("pk"))
    workers = list(alive().values_list("processes", "fault", "paused"))
    return QueueOverview(
        now=now,
        queued=jobs["queued"],
        running=jobs["running"],
        failed_today=failed.count(),
        oldest=jobs["oldest"],
        retrying=dict(retrying),
        workers=len(workers),
        paused=sum(paused for _processes, _fault, paused in workers),
        silent=PortraitWorker.objects.count() - len(workers),
        children=sum(processes for processes, _fault, paused in workers if not paused),
        faults=[fault for _processes, fault, _paused in workers if fault],
    )


def recent_ends(within: timedelta) -> RecentEnds:
    """Three queries over the jobs that ended within that time."""
    ended = PortraitJob.objects.filter(finished_at__gt=database_now() - within).order_by()
    outcomes: dict[tuple[str, str], int] = defaultdict(int)
    retries = 0
    rows = ended.values_list("state", "error_code").annotate(jobs=Count("pk"), attempts=Sum("attempts"))
    for state, code, jobs, attempts in rows:
        # What was cancelled may have failed before.
        outcomes[state, code if state == State.FAILED else ""] += jobs
        retries += max(0, attempts - jobs)
    latest = ended.filter(state=State.SUCCEEDED).order_by("-finished_at").values_list("seconds", "timings")
    seconds: list[float] = []
    stages: dict[str, list[float]] = defaultdict(list)
    for whole, timings in latest[:TIMED]:
        if whole is not None:
            seconds.append(whole)
        for stage, taken in timings.items():
            stages[stage].append(taken)
    return RecentEnds(dict(outcomes), retries, seconds, dict(stages))
