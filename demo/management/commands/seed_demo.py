"""``manage.py seed_demo``: a school of invented students, for demonstrations and benchmarks."""

from __future__ import annotations

import datetime
import random
import uuid
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from demo import guestbook
from demo.portraits import Original, forget, give, make_originals
from dormitory.models import House
from dormitory.numbers import next_numbers
from lounge.models import Entry
from portrait.engine.errors import EngineError
from portrait.models import PortraitJob
from portrait.queue import projection
from user.models import User

# Rows of one transaction: other writers wait for it, and its files are linked meanwhile.
CHUNK = 500
ENTRY_CHUNK = 5000
# The students signed up during the last year, the guestbook was written during the last weeks.
STUDENT_DAYS = 365
ENTRY_DAYS = 45


class Command(BaseCommand):
    help = (
        "Fill the school with invented students, moving portraits and guestbook entries; the same --seed draws the"
        " same ones. Refuses where real students may be: with DEBUG off, anything but a plain SQLite school."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--students", type=int, default=40, metavar="N")
        parser.add_argument("--entries", type=int, default=120, metavar="M")
        parser.add_argument("--seed", type=int, default=1, metavar="S")
        parser.add_argument(
            "--portraits",
            type=int,
            default=4,
            help="made by the engine and shared by all; 0 for none (default: 4)",
        )
        parser.add_argument("--password", help="with it the students can sign in; without, nobody can")
        parser.add_argument("--force", action="store_true", help="even in production")

    def handle(self, *args: Any, **options: Any) -> None:
        count, seed = options["students"], options["seed"]
        if min(count, options["entries"], seed, options["portraits"]) < 0 or seed > 99_999:
            raise CommandError("numbers cannot be negative, and --seed is at most 99999", returncode=2)
        if count < 1 and options["entries"]:
            raise CommandError("entries need students to write them", returncode=2)
        if in_production() and not options["force"]:
            raise CommandError(
                "this looks like a real school (DEBUG is off, and HTTPS is on or the database is no SQLite file);"
                " --force fills it all the same",
                returncode=2,
            )
        if User.objects.filter(username__startswith=username(seed, "")).exists():
            raise CommandError(
                f"the students of --seed {seed} are here already; choose another seed", returncode=2
            )
        call_command("seed", verbosity=0)
        # One random generator for each kind, so that more of one kind does not change the others.
        try:
            originals = make_originals(min(options["portraits"], count), random.Random(f"{seed} portraits"))
        except EngineError as error:
            raise CommandError(f"the engine cannot make a portrait: {error}") from error
        except OSError as error:
            raise CommandError(f"the media storage cannot be used: {error}") from error
        try:
            students = self.make_students(count, seed, originals, options["password"])
        except OSError as error:
            raise CommandError(f"the media storage cannot be used: {error}") from error
        finally:
            forget(originals)
        self.make_entries(options["entries"], seed, students)
        if options["verbosity"]:
            self.stdout.write(
                f"{count} students ({username(seed, '00001')}, ...), {options['entries']} entries,"
                f" {len(originals)} portraits made and shared"
            )

    def make_students(
        self, count: int, seed: int, originals: list[Original], password: str | None
    ) -> list[tuple[int, datetime.datetime]]:
        """Save the students; returns their ids and when they signed up."""
        draw = random.Random(f"{seed} students")
        houses = list(House.objects.order_by("id"))
        hashed = make_password(password)  # once: a hash for each would take longer than all the rest
        now = timezone.now()
        made: list[tuple[int, datetime.datetime]] = []
        for start in range(1, count + 1, CHUNK):
            students, jobs = [], []
            for number in range(start, min(start + CHUNK, count + 1)):
                joined = now - datetime.timedelta(seconds=draw.uniform(0, STUDENT_DAYS * 86400))
                student = User(
                    username=username(seed, f"{number:05d}"),
                    fullname=guestbook.fullname(draw),
                    password=hashed,
                    house=draw.choice(houses),
                    birthday=datetime.date(2003, 1, 1) + datetime.timedelta(days=draw.randrange(3 * 365)),
                    join_date=timezone.localdate(joined),
                    date_joined=joined,
                )
                key = uuid.UUID(int=draw.getrandbits(128), version=4)
                if originals:
                    jobs.append(give(student, draw.choice(originals), key))
                students.append(student)
            with transaction.atomic():
                give_numbers(students)
                User.objects.bulk_create(students)
                PortraitJob.objects.bulk_create(jobs)
                for job in jobs:
                    projection.refresh(job.student_id)
            made += [(student.pk, student.date_joined) for student in students]
        return made

    def make_entries(self, count: int, seed: int, students: list[tuple[int, datetime.datetime]]) -> None:
        draw = random.Random(f"{seed} entries")
        now = timezone.now()
        for start in range(0, count, ENTRY_CHUNK):
            entries = []
            for _ in range(start, min(start + ENTRY_CHUNK, count)):
                author, joined = draw.choice(students)
                written = now - datetime.timedelta(seconds=draw.uniform(0, ENTRY_DAYS * 86400))
                entries.append(
                    Entry(author_id=author, content=guestbook.content(draw), created_at=max(written, joined))
                )
            with transaction.atomic():
                Entry.objects.bulk_create(entries)


def username(seed: int, number: str) -> str:
    """``demo1-00042``: at most 20 characters; the prefix is reserved for demo students."""
    return f"demo{seed}-{number}"


def give_numbers(students: list[User]) -> None:
    """Student numbers as the sorting gives them, for all at once."""
    groups = Counter((student.join_date.year, student.house_id) for student in students if student.join_date)
    numbers = {
        (year, house): iter(next_numbers(year=year, house=house, count=count))
        for (year, house), count in sorted(groups.items())
        if house is not None
    }
    for student in students:
        if student.join_date and student.house_id is not None:
            student.student_number = next(numbers[student.join_date.year, student.house_id])


def in_production() -> bool:
    """Whether real students may be here: DEBUG is off, and HTTPS is on or the database is not SQLite."""
    return not settings.DEBUG and (settings.HTTPS or connection.vendor != "sqlite")
