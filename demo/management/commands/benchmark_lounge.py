"""``manage.py benchmark_lounge``: the lounge, the gallery and the polled status in a full school."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from demo import http_benchmark, lounge_benchmark
from demo.throw_away import throw_away_database


class Command(BaseCommand):
    help = (
        "Fill a throw-away database (SQLite, or PostgreSQL by DATABASE_URL) and measure GET /lounge/ and "
        "GET /user/portrait/ beside plain versions of them, and GET /lounge/gallery/. "
        "The configured database is not touched."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--students", type=int, default=10_000)
        parser.add_argument("--entries", type=int, default=100_000)
        parser.add_argument("--runs", type=int, default=100, help="requests of each version")
        parser.add_argument("--clients", type=int, default=8, help="clients at the same time over HTTP")
        parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement over HTTP")
        parser.add_argument("--seed", type=int, default=0, help="draw the same school again")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("students", "entries", "runs", "clients"):
            if options[name] < 1:
                raise CommandError(f"--{name}: at least 1", returncode=2)
        if not options["seconds"] > 0:
            raise CommandError("--seconds: more than 0", returncode=2)
        try:
            with throw_away_database() as server:
                lounge_benchmark.build(
                    students=options["students"], entries=options["entries"], seed=options["seed"]
                )
                measured = lounge_benchmark.measure(runs=options["runs"], seed=options["seed"])
                served = http_benchmark.measure(
                    lounge_benchmark.PATHS | lounge_benchmark.STATUS_PATHS | lounge_benchmark.GALLERY_PATHS,
                    clients=options["clients"],
                    seconds=options["seconds"],
                    seed=options["seed"],
                )
        except (DatabaseError, ValueError, OSError) as error:
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
        title = f"{options['clients']} clients over HTTP"
        self.stdout.write(f"\n{title:<32}{'answers/s':>10}{'p50 ms':>10}{'p95 ms':>10}{'ratio':>8}")
        pages = {"GET /lounge/": ("lounge", "plain"), "GET /user/portrait/": ("status", "plain status")}
        for title, names in pages.items():
            for label, name in zip((title, f"{title}, plain"), names, strict=True):
                page = served[name]
                ratio = page.rate / served[names[1]].rate
                self.stdout.write(
                    f"{label:<32}{page.rate:>10.0f}{page.p50 * 1000:>10.1f}{page.p95 * 1000:>10.1f}{ratio:>8.1f}"
                )
        for name in lounge_benchmark.GALLERY_PATHS:
            page, title = served[name], f"GET /lounge/gallery/, {name}"
            self.stdout.write(
                f"{title:<32}{page.rate:>10.0f}{page.p50 * 1000:>10.1f}{page.p95 * 1000:>10.1f}"
            )
        busiest = max(page.client for page in served.values())
        self.stdout.write(f"the clients took at most {busiest:.0%} of a core")
