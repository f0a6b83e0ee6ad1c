"""``manage.py portrait_worker``: make the portraits that wait in the queue."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from portrait.engine.runtime.cores import available_cores
from portrait.engine_options import engine_options
from portrait.worker.running import WorkerOptions
from portrait.worker.supervisor import Worker


def number(least: float, most: float, kind: type = float) -> Callable[[str], Any]:
    """An argparse type for numbers within limits."""

    def convert(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise ArgumentTypeError(f"{text!r} is not a number") from None
        if not least <= value <= most:
            raise ArgumentTypeError(f"must be from {least:g} to {most:g}")
        return value

    return convert


class Command(BaseCommand):
    help = "Make the portraits that wait in the queue, until SIGTERM or Ctrl-C (twice: at once)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        defaults = WorkerOptions()
        parser.add_argument(
            "--processes",
            type=number(1, 64, int),
            default=settings.WORKERS,
            metavar="N",
            help="portraits made at once, each in a process with the weights in memory (default: %(default)s)",
        )
        parser.add_argument(
            "--grace",
            type=number(0, 3600),
            default=defaults.grace,
            metavar="S",
            help="seconds that running portraits get to finish after SIGTERM (default: %(default)g)",
        )
        parser.add_argument(
            "--poll",
            type=number(0.05, 60),
            default=defaults.poll,
            metavar="S",
            help="seconds between two looks at an empty queue (default: %(default)g)",
        )
        parser.add_argument("--drain", action="store_true", help="end as soon as the queue is empty")

    def handle(self, *args: Any, **options: Any) -> None:
        processes = options["processes"]
        threads = settings.PORTRAIT["THREADS"] or max(1, available_cores() // processes)
        worker = Worker(
            WorkerOptions(
                processes=processes,
                threads=threads,
                poll=options["poll"],
                grace=options["grace"],
                drain=options["drain"],
                deadline=settings.PORTRAIT["DEADLINE"],
                options=replace(engine_options(), threads=threads),
                fit_minutes=settings.PORTRAIT["STYLE_MINUTES"],
                fit_photos=str(settings.PORTRAIT["STYLE_PHOTOS"]),
            )
        )
        sys.exit(worker.run())
