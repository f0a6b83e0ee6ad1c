"""The simulation beside the real thing: the same photos at the same times, and children that sleep."""

from __future__ import annotations

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
    """The waits of all students, in seconds."""

    real: np.ndarray
    simulated: np.ndarray


def run(load: Load, *, workers: int, broker_url: str | None, seed: int = 1) -> Check:
    """Every portrait takes the mean of ``load.seconds``. Raises DatabaseError, ValueError, TimeoutError."""
    times = arrivals(load, np.random.default_rng(seed))
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
        rows = PortraitJob.objects.order_by("pk").values_list("created_at", "finished_at")
        real = np.array([(end - start).total_seconds() for start, end in rows if end])
    return Check(real, serve(times, np.full(load.students, seconds), workers).waits)
