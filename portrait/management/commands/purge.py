"""``manage.py purge``: delete files and tokens that are no longer needed. Made for a nightly timer."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from common.storage import media
from portrait.queue import retention
from user.services import forget_expired_tokens


def days(text: str) -> int:
    """An ``argparse`` type: a whole number of days, 0 for all that are no longer needed."""
    if not text.isdecimal() or int(text) > 36500:
        raise ArgumentTypeError(f"{text!r} is not a number of days")
    return int(text)


class Command(BaseCommand):
    help = (
        "Delete files that no portrait job names, the uploaded photos of portraits that were finished long ago, and"
        " tokens that have expired. The portraits themselves stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days",
            type=days,
            default=settings.PORTRAIT["PHOTO_DAYS"],
            help="age from which an uploaded photo goes (default: that of PORTRAIT_PHOTO_DAYS, %(default)s)",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run: bool = options["dry_run"]
        before = timezone.now() - timedelta(days=options["days"])
        orphans = retention.orphans()
        orphan_bytes = size_of(orphans)
        if not dry_run:
            media().delete(orphans)
        photos = retention.old_photos(before)
        photo_bytes = size_of(photos)
        if not dry_run:
            retention.forget_photos(before)
        tokens = forget_expired_tokens(dry_run=dry_run)
        if options["verbosity"] > 1:
            for name in (*orphans, *photos):
                self.stdout.write(name)
        if options["verbosity"]:
            verb = "would delete" if dry_run else "deleted"
            self.stdout.write(f"{verb} {len(orphans)} files that no job names ({orphan_bytes} bytes)")
            self.stdout.write(
                f"{verb} {len(photos)} photos of portraits finished before {before:%Y-%m-%d} ({photo_bytes} bytes)"
            )
            self.stdout.write(f"{verb} {tokens} expired tokens")


def size_of(names: list[str]) -> int:
    """The bytes that deleting the files frees."""
    found = [file for name in names if (file := media().stat(name)) is not None]
    return sum(file.size for file in found if not file.shared)
