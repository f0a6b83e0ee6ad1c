"""What ``/metrics`` and ``/readyz`` say of the portraits.

The numbers come from the database, so that any web process answers for the workers of all machines.
"""

from __future__ import annotations

import os
import shutil
import statistics
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from django.db import DatabaseError, InterfaceError
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from common import metrics
from common.health import Unready, readiness
from common.storage import media
from portrait.engine.checkpoints.folder import expected_files, verify_files
from portrait.engine.errors import CheckpointError
from portrait.engine_options import engine_options
from portrait.events import listeners
from portrait.queue import delivery, installation
from portrait.queue.overview import QueueOverview, RecentEnds, queue_overview, recent_ends

# Seconds for which numbers are kept: several scrapers cost no more than one.
KEPT = 5.0
WITHIN = timedelta(hours=1)
# A portrait's files, with some room; below this the disk is called full.
LEAST_FREE = 64 * 2**20

Verified = tuple[tuple[str, int, int], ...]
_verified: Verified = ()


class PortraitCollector(Collector):
    """The gauges of queue and workers; without the database only ``portrait_database_up``, which is 0."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[Metric] = []
        self._kept_until = 0.0

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "portrait_event_streams", "Clients of this process that follow their portrait.", len(listeners)
        )
        with self._lock:
            if time.monotonic() >= self._kept_until:
                self._kept = list(_numbers())
                self._kept_until = time.monotonic() + KEPT
            kept = self._kept
        yield from kept

    def forget(self) -> None:
        """Ask the database again at the next scrape."""
        self._kept_until = 0.0


def _numbers() -> Iterator[Metric]:
    try:
        overview, recent = queue_overview(), recent_ends(WITHIN)
    except (DatabaseError, InterfaceError):
        yield GaugeMetricFamily("portrait_database_up", "Whether the database answers.", 0)
        return
    yield GaugeMetricFamily("portrait_database_up", "Whether the database answers.", 1)
    yield from _of_the_queue(overview)
    yield from _of_the_past_hour(recent)


def _of_the_queue(overview: QueueOverview) -> Iterator[Metric]:
    yield _family(
        "portrait_queue_jobs",
        "Jobs that wait or run.",
        "state",
        {"queued": overview.queued, "running": overview.running},
    )
    yield GaugeMetricFamily(
        "portrait_queue_oldest_seconds", "Age of the oldest waiting job.", overview.oldest_seconds
    )
    yield _family(
        "portrait_queue_retrying", "Active jobs whose last attempt failed.", "code", overview.retrying
    )
    yield _family(
        "portrait_workers",
        "Workers; silent ones have been heard of within the hour and not lately.",
        "state",
        {
            "working": overview.workers - overview.paused,
            "paused": overview.paused,
            "silent": overview.silent,
        },
    )
    yield GaugeMetricFamily(
        "portrait_worker_children", "Portraits that can be made at once.", overview.children
    )


def _of_the_past_hour(recent: RecentEnds) -> Iterator[Metric]:
    ended = GaugeMetricFamily(
        "portrait_jobs_ended", "Jobs that ended in the past hour.", labels=("outcome", "code")
    )
    for (outcome, code), count in recent.outcomes.items():
        ended.add_metric((outcome, code), count)
    yield ended
    yield GaugeMetricFamily(
        "portrait_jobs_retries",
        "Attempts beyond the first one of the jobs that ended in the past hour.",
        recent.retries,
    )
    yield _family(
        "portrait_job_seconds",
        "Seconds from the claim to the end, of the latest portraits of the past hour.",
        "quantile",
        _quantiles(recent.seconds),
    )
    stages = GaugeMetricFamily(
        "portrait_stage_seconds", "The same for each stage.", labels=("stage", "quantile")
    )
    for stage, seconds in recent.stages.items():
        for quantile, value in _quantiles(seconds).items():
            stages.add_metric((stage, quantile), value)
    yield stages


def _family(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family


def _quantiles(values: list[float]) -> dict[str, float]:
    """Median and 95th percentile; nothing without values."""
    if not values:
        return {}
    if len(values) == 1:
        return {"0.5": values[0], "0.95": values[0]}
    return {
        "0.5": statistics.median(values),
        "0.95": statistics.quantiles(values, n=20, method="inclusive")[18],
    }


def storage() -> None:
    """The probe of the media storage: it is there, it is this installation's, and has room. Raises Unready."""
    if installation.match() is not installation.Match.AGREES:
        raise Unready("is not there, or belongs to another database")
    root = media().local_path("")
    if root is None:
        return
    if not os.access(root, os.W_OK):
        raise Unready("cannot be written to")
    if shutil.disk_usage(root).free < LEAST_FREE:
        raise Unready("is full")


def weights() -> None:
    """The probe of the weights: those that were recorded. Files that have not changed are not read again."""
    global _verified
    options = engine_options()
    try:
        files = expected_files(options.checkpoints, options.weights)
        present: Verified = tuple(_seen(path) for path in files)
        if present == _verified:
            return
        verify_files(options.checkpoints, files)
    except CheckpointError as error:
        raise Unready("are missing or damaged") from error
    _verified = present


def broker() -> None:
    """The probe of Celery's broker. Raises Unready."""
    try:
        delivery.waiting()
    except Exception as error:
        raise Unready("does not answer") from error


def _seen(path: Path) -> tuple[str, int, int]:
    """What tells that a file has changed. Raises Unready."""
    try:
        status = path.stat()
    except OSError as error:
        raise Unready("are missing or damaged") from error
    return str(path), status.st_size, status.st_mtime_ns


collector = PortraitCollector()


def register() -> None:
    """Called once, when the app is ready."""
    metrics.register(collector)
    readiness.register("storage", storage)
    readiness.register("weights", weights)
    if delivery.enabled():
        readiness.register("broker", broker)
