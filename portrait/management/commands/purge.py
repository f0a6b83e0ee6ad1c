"""``manage.py purge``: delete files and tokens that are no longer needed. Made for a nightly timer."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common.storage import media
from portrait.queue import installation, orphans, retention
from portrait.queue.clock import database_now
from user.services import forget_expired_tokens


def days(text: str) -> int:
    """An ``argparse`` type: a whole number of days, 0 for all that are no longer needed."""
    if not text.isdecimal() or int(text) > 36500:
        raise ArgumentTypeError(f"{text!r} is not a number of days")
    return int(text)


class Command(BaseCommand):
    help = (
        "Put old files that no portrait job names into the trash; delete what has been in the trash long enough, the"
        " uploaded photos of portraits that were finished long ago, and tokens that have expired. The portraits"
        " themselves stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days",
            type=days,
            default=settings.PORTRAIT["PHOTO_DAYS"],
            help="age from which an uploaded photo goes (default: that of PORTRAIT_PHOTO_DAYS, %(default)s)",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
        parser.add_argument(
            "--yes", action="store_true", help="also when very many files are named by no job"
        )
        parser.add_argument(
            "--adopt",
            action="store_true",
            help="first declare that this database and this media storage belong together",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.purge(options)
        except OSError as error:
            raise CommandError(f"the media storage cannot be used: {error}") from error

    def purge(self, options: dict[str, Any]) -> None:
        """Raises OSError; what was done until then is complete."""
        dry_run: bool = options["dry_run"]
        if options["adopt"] and not dry_run:
            installation.adopt()
        todo = orphans.plan(confirmed=options["yes"])
        orphan_bytes, trash_bytes = size_of(todo.orphans), size_of(todo.trash)
        if not dry_run:
            orphans.carry_out(todo)
        before = database_now() - timedelta(days=options["days"])
        photos = retention.old_photos(before)
        photo_bytes = size_of(photos)
        if not dry_run:
            retention.forget_photos(before)
        tokens = forget_expired_tokens(dry_run=dry_run)
        if options["verbosity"] > 1:
            for name in (*todo.orphans, *todo.trash, *photos):
                self.stdout.write(name)
        if options["verbosity"]:
            move, delete, put = (
                ("would move", "would delete", "would put") if dry_run else ("moved", "deleted", "put")
            )
            for line in (
                f"{move} {len(todo.orphans)} files that no job names to the trash ({orphan_bytes} bytes)",
                f"{delete} {len(todo.trash)} files from the trash ({trash_bytes} bytes)",
                f"{delete} {len(photos)} photos of portraits finished before {before:%Y-%m-%d}"
                f" ({photo_bytes} bytes)",
                f"{delete} {tokens} expired tokens",
            ):
                self.stdout.write(line)
            if todo.wanted:
                self.stdout.write(
                    f"{put} {len(todo.wanted)} files back from the trash, which jobs name again"
                )
        if todo.reason:
            self.stderr.write(f"files that no job names stay: {todo.reason}")


def size_of(names: list[str]) -> int:
    """The bytes that deleting the files frees."""
    found = [file for name in names if (file := media().stat(name)) is not None]
    return sum(file.size for file in found if not file.shared)
