"""The installation's mark: one random id, kept in the database and in the media storage.

Files that no job names are orphans only if database and media storage belong together. An empty database, one of
another installation, or a disk that is not mounted looks the same without the mark: as if no file were needed.
"""

from __future__ import annotations

import uuid
from enum import StrEnum

from django.db import transaction

from common.storage import media
from portrait import files
from portrait.models import Installation, PortraitJob

MARK = "installation"

# How many of the newest jobs are looked at to tell whether an unmarked media storage is the database's.
_LOOKED_AT = 20


class Match(StrEnum):
    """How database and media storage go together; each value but the first is a sentence for the log."""

    AGREES = ""
    FOREIGN = (
        "the media storage belongs to another database; no file is cleaned up."
        " If it is the right one: manage.py purge --adopt"
    )
    MISSING = (
        "the media storage is not there or not this installation's: its mark is missing."
        " If it is the right one: manage.py purge --adopt"
    )


def check() -> Match:
    """Compare the two marks, and write both where neither is there and the storage is new or the database's own.

    Raises OSError.
    """
    row = Installation.objects.first()
    if row is not None:
        return _compare(row.mark)
    with transaction.atomic():
        # Written to the storage before the row is committed: a second worker waits for the row, and finds both.
        row, created = Installation.objects.get_or_create(pk=Installation.ONLY)
        if not created:
            return _compare(row.mark)
        if media().exists(MARK) or not _is_ours():
            transaction.set_rollback(True)
            return Match.FOREIGN
        media().write(MARK, row.mark.hex.encode())
    return Match.AGREES


def match() -> Match:
    """Compare the two marks and write none; where the database has none yet there is nothing to compare.

    Raises OSError where the storage does not answer.
    """
    row = Installation.objects.first()
    if row is not None:
        return _compare(row.mark)
    media().exists(MARK)
    return Match.AGREES


def adopt() -> None:
    """Declare that database and media storage belong together. Raises OSError."""
    with transaction.atomic():
        row, _created = Installation.objects.get_or_create(pk=Installation.ONLY)
        media().write(MARK, row.mark.hex.encode())


def _compare(mark: uuid.UUID) -> Match:
    try:
        written = media().read(MARK)
    except FileNotFoundError:
        return Match.MISSING
    return Match.AGREES if written.decode("ascii", "replace").strip() == mark.hex else Match.FOREIGN


def _is_ours() -> bool:
    """Whether the storage has no files of jobs, or those of jobs that the database knows."""
    names = PortraitJob.objects.order_by("-id").values_list("photo", "webp")[:_LOOKED_AT]
    if any(media().exists(name) for pair in names for name in pair):
        return True
    return not files.any_files()
