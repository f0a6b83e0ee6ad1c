"""A worker's options as the settings have them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings

from portrait.engine.runtime.cores import available_cores
from portrait.engine_options import engine_options
from portrait.worker.running import WorkerOptions


def configured(processes: int, **more: Any) -> WorkerOptions:
    """The options of a worker with ``processes`` children, which share the cores evenly."""
    threads = settings.PORTRAIT["THREADS"] or max(1, available_cores() // processes)
    return WorkerOptions(
        processes=processes,
        threads=threads,
        deadline=settings.PORTRAIT["DEADLINE"],
        options=replace(engine_options(), threads=threads),
        fit_minutes=settings.PORTRAIT["STYLE_MINUTES"],
        fit_photos=str(settings.PORTRAIT["STYLE_PHOTOS"]),
        **more,
    )
