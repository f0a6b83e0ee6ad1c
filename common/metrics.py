"""The numbers of ``/metrics``: requests of this service, and what the apps register.

Several processes of one server (gunicorn) share their counters through the folder ``PROMETHEUS_MULTIPROC_DIR``, which
prometheus-client reads from the environment; it must be empty when the server starts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

SHARED = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
if SHARED is not None:
    # Without it each request would fail. Raises OSError.
    Path(SHARED).mkdir(parents=True, exist_ok=True)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Seconds. Most answers take a few milliseconds, an upload takes a second.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
# Of a static file, and of a request that no route matches: its path is whatever the client sends.
NO_ROUTE = "none"

# What this process counts itself; the collectors of the apps are asked beside it.
own = CollectorRegistry()
_collectors = CollectorRegistry()

requests = Histogram(
    "http_request_seconds",
    "Time from a request to the start of its answer, by route and status.",
    ("method", "route", "status"),
    buckets=BUCKETS,
    registry=own,
)
storage_faults = Counter(
    "storage_faults_total",
    "Uploads that were refused because the media storage did not take their files.",
    registry=own,
)


def register(collector: Collector) -> None:
    """Ask ``collector`` at each scrape."""
    _collectors.register(collector)


@cache
def _observe(method: str, route: str, status: int) -> Callable[[float], None]:
    return requests.labels(method, route, str(status)).observe


def count_requests(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: count each request with its route, which is not its path, and its status."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        begin = time.perf_counter()
        response = get_response(request)
        method = request.method if request.method in METHODS else "other"
        match: Any = request.resolver_match
        route = NO_ROUTE if match is None else f"/{match.route}"
        _observe(str(method), route, response.status_code)(time.perf_counter() - begin)
        return response

    return middleware


def exposition() -> bytes:
    """All numbers in the text format of Prometheus."""
    if SHARED is not None:
        shared = CollectorRegistry()
        MultiProcessCollector(shared)
    else:
        shared = own
    return bytes(generate_latest(_of_process()) + generate_latest(shared) + generate_latest(_collectors))


@cache
def _of_process() -> CollectorRegistry:
    """Memory, processor time and open files of the process that answers."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
