"""``manage.py benchmark_lounge``: queries and time of GET /lounge/ in a full school."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from demo import lounge_benchmark


class Command(BaseCommand):
    help = (
        "Fill a throw-away database (SQLite, or PostgreSQL by DATABASE_URL) and measure GET /lounge/ beside a plain "
        "version with one query per relation. The configured database is not touched."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--students", type=int, default=10_000)
        parser.add_argument("--entries", type=int, default=100_000)
        parser.add_argument("--runs", type=int, default=100, help="requests of each version")
        parser.add_argument("--seed", type=int, default=0, help="draw the same school again")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("students", "entries", "runs"):
            if options[name] < 1:
                raise CommandError(f"--{name}: at least 1", returncode=2)
        try:
            with lounge_benchmark.throw_away_database() as server:
                lounge_benchmark.build(
                    students=options["students"], entries=options["entries"], seed=options["seed"]
                )
                measured = lounge_benchmark.measure(runs=options["runs"], seed=options["seed"])
        except (DatabaseError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{server}, {options['students']} students, {options['entries']} entries, {options['runs']} requests"
        )
        self.stdout.write(f"{'GET /lounge/':<24}{'queries':>8}{'p50 ms':>10}{'p95 ms':>10}")
        titles = {"lounge": "as it is", "plain": "a query per relation"}
        for name, title in titles.items():
            result = measured[name]
            self.stdout.write(
                f"{title:<24}{result.queries:>8}{result.p50 * 1000:>10.1f}{result.p95 * 1000:>10.1f}"
            )
