"""``manage.py benchmark_events``: how soon those who follow their portraits hear of news; prints a table."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from demo import events_benchmark
from demo.measuring import percentile, table


class Command(BaseCommand):
    help = (
        "Measures GET /user/portrait/events with many clients, one of whom has news at a time: from the commit of the"
        " job's row to the client. In a database and a server of its own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clients", type=int, default=500, help="who follow (default: 500)")
        parser.add_argument("--seconds", type=float, default=20, help="of the measurement (default: 20)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["clients"] < 1 or options["seconds"] <= 0:
            raise CommandError("--clients and --seconds must be positive", returncode=2)
        try:
            found = events_benchmark.measure(clients=options["clients"], seconds=options["seconds"])
        except (ConnectionError, DatabaseError, TimeoutError, ValueError) as error:
            raise CommandError(str(error)) from error
        late = (percentile(found.late, percent) for percent in (50, 95, 100))
        row = (options["clients"], len(found.late), *(f"{one:.2f}" for one in late), f"{found.busy:.0%}")
        self.stdout.write(
            table(("clients", "news", "median, s", "95 %, s", "longest, s", "of a core"), [row])
        )
