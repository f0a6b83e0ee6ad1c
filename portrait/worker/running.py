"""How a worker runs, and the attempts that it has in hand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from portrait.models import QueuedWork
from portrait.queue import transitions
from portrait.worker.health import FIRST_PAUSE
from portrait.worker.messages import AttemptOrder, ErrandOrder, FitOrder


@dataclass(frozen=True)
class WorkerOptions:
    """All times in seconds. ``task`` and ``loader`` are dotted paths, see ``portrait.worker.attempt``."""

    processes: int = 1
    threads: int = 1
    poll: float = 0.5
    grace: float = 20.0
    drain: bool = False
    deadline: float = 300.0
    lease: float = transitions.LEASE_SECONDS
    backoff: Sequence[float] = transitions.BACKOFF
    cancel: float = 10.0  # that a cancelled attempt gets to stop by itself, before its child is killed
    first_pause: float = FIRST_PAUSE
    # That a child of Celery which can take no job keeps the message that woke it: other workers are quicker.
    hold: float = 60.0
    task: str = "portrait.worker.attempt.make_portrait"
    loader: str = "portrait.worker.attempt.load_engine"
    # The fitting of a style to a painting: of so many minutes of training, with the photos of that folder.
    fit_task: str = "portrait.fitting.attempt.fit_painting"
    fit_minutes: float = 1.2
    fit_photos: str = ""
    errand_task: str = "portrait.errands.attempt.run_errand"
    errand_deadline: float = 60.0
    options: Any = None

    @property
    def fit_deadline(self) -> float:
        """The training's time is a budget; reading the photos and painting the astronaut depend on the machine."""
        return 600 + 120 * self.fit_minutes


@dataclass
class RunningAttempt:
    """One claimed job in work: a portrait, or the fitting of a style."""

    job: QueuedWork
    order: AttemptOrder | FitOrder | ErrandOrder
    deadline: float  # seconds
    begun: float | None = None
    # Stage and progress that the row has, and since when (monotonic).
    told: tuple[str, float, float] = field(default_factory=lambda: ("", 0.0, time.monotonic()))
    cancelled: float | None = None  # when the child was told to stop, since its result is not wanted any more
    still_name: str = ""  # of the painted still, written but not yet committed
    still_seen: bool = False  # whether the painted still was announced, or given up
    read: bool = False  # whether what was read of the picture is in the row
    names: dict[str, str] = field(default_factory=dict)  # of files written but not yet committed


@dataclass
class PooledAttempt(RunningAttempt):
    """One that a child of the embedded pool works on."""

    future: Any = None  # pebble.ProcessFuture of Done or AttemptFailed
    submitted: float = field(default_factory=time.monotonic)
    dead_since: float | None = None  # when its child was first seen to be dead
