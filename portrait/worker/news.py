"""What a child reported, written to the row with the lease."""

from __future__ import annotations

import time

from portrait.queue import transitions
from portrait.worker.running import RunningAttempt
from portrait.worker.scratch import ChildReport, report_of

# Between two renewals, news of an attempt is written when its progress has grown by this much and the row is this
# many seconds old, or after fewer seconds when its stage is another one. A write costs SQLite a sync of the disk.
NEWS_PROGRESS = 0.02
NEWS_EVERY = 0.2
STAGE_NEWS_EVERY = 0.1


def publish(attempt: RunningAttempt, lease: float) -> None:
    """Write news soon, for the students who watch; what follows from a lost lease is left to the renewal."""
    report = report_of(attempt.order)
    if report and _is_news(attempt, report):
        tell(attempt, report, lease)


def tell(attempt: RunningAttempt, report: ChildReport | None, lease: float) -> bool:
    """Renew the lease, of so many seconds, with the report. False: the job is not ours any more."""
    stage, progress = (report.stage, report.progress) if report else ("", 0.0)
    held = transitions.renew(attempt.job, stage=stage, progress=progress, lease_seconds=lease)
    attempt.told = stage, progress, time.monotonic()
    return held


def _is_news(attempt: RunningAttempt, report: ChildReport) -> bool:
    stage, progress, moment = attempt.told
    old = time.monotonic() - moment
    if report.stage != stage:
        return old >= STAGE_NEWS_EVERY
    return report.progress - progress >= NEWS_PROGRESS and old >= NEWS_EVERY
