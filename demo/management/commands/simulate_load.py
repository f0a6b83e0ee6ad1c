"""``manage.py simulate_load``: how many workers a school needs; prints a table."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from demo import load_check, queue_fleet
from demo.load_simulation import OVERHEAD, POLL, Load, Result, fewest_workers, simulate
from demo.measuring import table


class Command(BaseCommand):
    help = (
        "Simulates students who send photos and workers who make portraits: how many workers keep the wait, and what"
        " they cost. Nothing is started, unless --real is given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--students", type=int, default=500, help="photos (default: %(default)s)")
        add("--hours", type=float, default=1.0, help="in which they are sent (default: %(default)g)")
        add("--peak", type=float, default=1.0, help="busiest moment of a day / mean (default: %(default)g)")
        add("--workers", type=int, default=0, help="portraits at once; 0: the fewest that keep --wait")
        add("--wait", type=float, default=60.0, help="seconds for 95%% of students (default: %(default)g)")
        add(
            "--seconds",
            type=float,
            nargs=2,
            default=(6.2, 9.9),
            metavar=("FROM", "TO"),
            help="one portrait takes (default: 6.2 9.9, measured with two cores)",
        )
        add(
            "--overhead",
            type=float,
            default=OVERHEAD,
            help="seconds that a job takes besides (default: %(default)g)",
        )
        add(
            "--poll",
            type=float,
            default=POLL,
            help="between looks of an idle worker; Celery: 0 (default: %(default)g)",
        )
        add("--cores", type=int, default=2, help="cores of one worker (default: %(default)s)")
        add("--megabytes", type=float, default=4.0, help="files of one portrait (default: %(default)g)")
        add("--views", type=float, default=50.0, help="portraits that one student looks at (default: 50)")
        add("--view-kilobytes", type=float, default=200.0, help="of one view (default: %(default)g)")
        add("--price", type=float, default=0.04, help="of a core for an hour (default: %(default)g)")
        add("--real", action="store_true", help="also send that load to a real worker that only sleeps")

    def handle(self, *args: Any, **options: Any) -> None:
        self._check(options)
        load = Load(
            options["students"],
            options["hours"],
            tuple(options["seconds"]),
            options["peak"],
            options["overhead"],
            options["poll"],
        )
        try:
            if options["workers"]:
                result = simulate(load, options["workers"])
            else:
                result = fewest_workers(load, wait=options["wait"])
        except ValueError as error:
            raise CommandError(f"--wait: {error}", returncode=2) from error
        self.stdout.write(table(HEAD, [_row(load, result, options)]))
        if options["real"]:
            self._real(load, result.workers)

    def _real(self, load: Load, workers: int) -> None:
        try:
            with TemporaryDirectory(prefix="broker-") as folder, queue_fleet.broker(Path(folder)) as url:
                found = [
                    (name, load_check.run(load, workers=workers, broker_url=one))
                    for name, one in (("database", None), ("celery", url))
                    if name == "database" or one
                ]
        except (DatabaseError, TimeoutError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("")
        self.stdout.write(
            table(
                ("queue", "median, s", "simulated", "95th percentile, s", "simulated", "overhead, ms"),
                [
                    (
                        name,
                        *(
                            f"{np.percentile(waits, percent):.2f}"
                            for percent in (50, 95)
                            for waits in (check.real, check.simulated)
                        ),
                        f"{1000 * check.overhead:.0f}",
                    )
                    for name, check in found
                ],
            )
        )

    def _check(self, options: dict[str, Any]) -> None:
        low, high = options["seconds"]
        for name in ("students", "hours", "wait", "cores", "megabytes"):
            if options[name] <= 0:
                raise CommandError(f"--{name} must be positive", returncode=2)
        if not 0 < low <= high:
            raise CommandError("--seconds must be positive, the smaller number first", returncode=2)
        if options["overhead"] < 0 or options["poll"] < 0:
            raise CommandError("--overhead and --poll must not be negative", returncode=2)
        if options["workers"] < 0 or options["peak"] < 1:
            raise CommandError("--workers must not be negative, --peak not below 1", returncode=2)
        if options["real"] and (options["students"] > 200 or options["hours"] > 0.1):
            raise CommandError("--real is for 200 students and 0.1 hours at most", returncode=2)


HEAD = (
    "students",
    "hours",
    "workers",
    "cores",
    "median wait, s",
    "95 %, s",
    "longest, s",
    "busy",
    "disk, GB",
    "traffic, GB",
    "mean Mbit/s",
    "price",
)


def _row(load: Load, result: Result, options: dict[str, Any]) -> tuple[object, ...]:
    cores = result.workers * options["cores"]
    sent = load.students * options["views"] * options["view_kilobytes"] / 1e6
    return (
        load.students,
        f"{load.hours:g}",
        result.workers,
        cores,
        *(f"{np.percentile(result.waits, percent):.0f}" for percent in (50, 95, 100)),
        f"{result.busy:.0%}",
        f"{load.students * options['megabytes'] / 1000:.1f}",
        f"{sent:.0f}",
        f"{sent * 8000 / (load.hours * 3600):.1f}",
        f"{cores * load.hours * options['price']:.2f}",
    )
