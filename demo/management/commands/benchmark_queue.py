"""``manage.py benchmark_queue``: what the queues cost beside the portraits; prints a table."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from demo import queue_benchmark, queue_fleet
from demo.measuring import table


class Command(BaseCommand):
    help = (
        "Jobs a second of both queues with portraits that take no time, in a database, a media folder and a Redis of"
        " their own. Without redis-server the embedded queue alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--jobs", type=int, default=200, help="jobs of each queue (default: 200)")
        parser.add_argument("--workers", type=int, default=2, help="children (default: 2)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["jobs"] < 1 or not 1 <= options["workers"] <= 64:
            raise CommandError("--jobs must be at least 1, and --workers from 1 to 64", returncode=2)
        try:
            with TemporaryDirectory(prefix="broker-") as folder, queue_fleet.broker(Path(folder)) as url:
                rows = [
                    queue_benchmark.measure(jobs=options["jobs"], children=options["workers"], broker_url=one)
                    for one in (None, *([url] if url else []))
                ]
        except (DatabaseError, ValueError, TimeoutError) as error:
            raise CommandError(str(error)) from error
        head = ("queue", "accepted a second", "claimed a second", "made a second", "overhead of a job, ms")
        self.stdout.write(
            table(
                head,
                [
                    (
                        row.queue,
                        f"{row.accepted:.0f}",
                        f"{row.claimed:.0f}",
                        f"{row.made:.1f}",
                        f"{1000 * row.overhead:.0f}",
                    )
                    for row in rows
                ],
            )
        )
