"""A school's queue of portraits, simulated: students send photos, workers make one portrait at a time each.

All times are in seconds. The order is first come, first served, as every student sends one photo. A worker that is
idle looks for a photo every ``poll`` seconds, as the embedded one does; a busy one takes the next photo at once. Each
portrait takes ``overhead`` seconds more than the painting: photo, files, transactions, and the wait for the next job.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

DAY = 86_400.0
# Of the embedded worker; messages of Celery wake a child at once.
POLL = 0.5
# Above that of an idle machine (docs/scaling.md), on which nothing else is stored.
OVERHEAD = 0.1


@dataclass(frozen=True)
class Load:
    """``students`` photos in ``hours``, each of which is painted in ``seconds[0]`` to ``seconds[1]``.

    ``peak``: how many times the mean rate the busiest moment of a day has; 1 for an even load.
    """

    students: int
    hours: float
    seconds: tuple[float, float]
    peak: float = 1.0
    overhead: float = OVERHEAD
    poll: float = POLL


@dataclass(frozen=True)
class Result:
    """``waits``, sorted: from the photo to the portrait. ``busy``: the share of the workers' time."""

    workers: int
    waits: np.ndarray
    busy: float


def arrivals(load: Load, generator: np.random.Generator) -> np.ndarray:
    """When the photos come, sorted: at random, evenly, or more in the middle of each day than at night."""
    end = load.hours * 3600
    if load.peak <= 1:
        return np.sort(generator.uniform(0, end, load.students))
    days = max(1, round(end / DAY))
    at = generator.vonmises(0.0, _concentration(load.peak), load.students) / (2 * np.pi) + 0.5
    return np.sort((generator.integers(0, days, load.students) + at) * (end / days))


def simulate(load: Load, workers: int, seed: int = 1) -> Result:
    """Serve all arrivals with that many workers."""
    generator = np.random.default_rng(seed)
    times = arrivals(load, generator)
    durations = generator.uniform(*load.seconds, load.students) + load.overhead
    return serve(times, durations, workers, looks=generator.uniform(0, load.poll, load.students))


def serve(
    times: np.ndarray, durations: np.ndarray, workers: int, *, looks: np.ndarray | None = None
) -> Result:
    """Serve photos that come at ``times``, sorted, and take ``durations``.

    ``looks``: how long after each photo an idle worker looks for one; None: at once.
    """
    free = [0.0] * workers
    waits = np.empty(len(times))
    seen = times if looks is None else times + looks
    for number, (time, look, duration) in enumerate(zip(times, seen, durations, strict=True)):
        begin = look if free[0] <= time else free[0]
        heapq.heapreplace(free, begin + duration)
        waits[number] = begin + duration - time
    span = max(free) - float(times[0])
    return Result(workers, np.sort(waits), float(durations.sum() / (span * workers)))


def fewest_workers(load: Load, *, wait: float, percent: float = 95.0) -> Result:
    """The smallest number of workers with which ``percent`` of the students have their portrait within ``wait``."""
    alone = load.seconds[1] + load.overhead + load.poll
    if wait <= alone:
        raise ValueError(f"a portrait alone takes up to {alone:g} s")
    low, high = 0, 1
    while _percentile(simulate(load, high), percent) > wait:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if _percentile(simulate(load, middle), percent) > wait:
            low = middle
        else:
            high = middle
    return simulate(load, high)


def _percentile(result: Result, percent: float) -> float:
    return float(np.percentile(result.waits, percent))


def _concentration(peak: float) -> float:
    """The von Mises concentration whose density at the peak is ``peak`` times the mean, found by bisection."""
    low, high = 0.0, 500.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        # exp(k) / I0(k), written so that large k do not overflow.
        ratio = 1 / float(np.i0(middle) * np.exp(-middle))
        low, high = (middle, high) if ratio < peak else (low, middle)
    return low
