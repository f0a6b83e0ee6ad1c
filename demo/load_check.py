"""The simulation beside the real thing: the same photos at the same times, and children that sleep."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from demo.load_simulation import Load, arrivals, serve
from demo.queue_fleet import fleet, school, wait_until_done
from demo.small_photos import send_small_photo
from portrait.models import PortraitJob

PATIENCE = 600.0


@dataclass(frozen=True)
class Check:
    """The waits of all students, and the seconds by which a child was busy longer with a portrait than it took."""

    real: np.ndarray
    simulated: np.ndarray
    overhead: float


def run(load: Load, *, workers: int, broker_url: str | None, seed: int = 1) -> Check:
    """Every portrait takes the mean of ``load.seconds``. Raises DatabaseError, ValueError, TimeoutError.

    The simulation gets the overhead that the children had on this machine, under this load.
    """
    generator = np.random.default_rng(seed)
    times = arrivals(load, generator)
    seconds = sum(load.seconds) / 2
    with (
        TemporaryDirectory(prefix="load-") as text,
        school(Path(text), load.students) as students,
        fleet(Path(text), children=workers, seconds=seconds, broker_url=broker_url),
    ):
        begin = time.monotonic()
        for student, at in zip(students, times, strict=True):
            time.sleep(max(0.0, at - (time.monotonic() - begin)))
            send_small_photo(student.pk)
        wait_until_done(PATIENCE)
        rows = PortraitJob.objects.order_by("started_at").values_list(
            "created_at", "started_at", "finished_at"
        )
        came, began, ended = np.array([[at.timestamp() for at in row if at] for row in rows]).T
    overhead = _overhead(came, began, ended, workers, seconds)
    looks = generator.uniform(0, 0.0 if broker_url else load.poll, load.students)
    simulated = serve(times, np.full(load.students, seconds + overhead), workers, looks=looks)
    return Check(np.sort(ended - came), simulated.waits, overhead)


def _overhead(came: np.ndarray, began: np.ndarray, ended: np.ndarray, workers: int, seconds: float) -> float:
    """Seconds of a portrait's row beyond ``seconds``, and of the pause before a portrait that waited for a child.

    Arrays (N,), in the order of ``began``.
    """
    free = [0.0] * workers
    pauses = []
    for arrival, start, end in zip(came, began, ended, strict=True):
        if arrival < free[0]:
            pauses.append(start - free[0])
        heapq.heapreplace(free, end)
    return float(np.mean(ended - began) - seconds + (np.mean(pauses) if pauses else 0.0))
