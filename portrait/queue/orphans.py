"""Files that no job names: they are put into the trash when they are old, and deleted from there later.

Only a process that was killed between writing a file and committing its name leaves such a file. An empty or a
restored database makes needed files look the same, therefore the mark (``installation``), the age, the limit and the
trash.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.dispatch import Signal
from django.utils import timezone

from common.storage import media
from portrait import files
from portrait.models import PortraitJob
from portrait.queue import installation
from portrait.queue.installation import Match
from portrait.queue.retention import batches

# Seconds; far longer than an upload or an attempt takes between the file and the row.
LEAST_AGE = 3600.0
# More orphans at once than both are no accident of a killed process: an admin has to look at them first.
MOST_FILES, MOST_SHARE = 100, 0.05


# Sent when database and storage were found to belong together: other rooms look for files of their own.
sweeping = Signal()


@dataclass(frozen=True)
class Plan:
    """What may be done now. ``reason`` says why nothing may be, in one line; empty where there is no reason."""

    orphans: list[str]
    trash: list[str]  # due to be deleted, as named in the trash
    wanted: list[tuple[str, str]]  # a job names them again: name in the trash, and the name
    reason: str = ""
    held: int = 0  # orphans that wait for an admin
    matches: bool = True  # whether database and storage belong together


def plan(*, confirmed: bool = False) -> Plan:
    """Look, and change nothing. ``confirmed``: an admin has agreed to any number of files. Raises OSError."""
    match = installation.check()
    if match is not Match.AGREES:
        return Plan([], [], [], match.value, matches=False)
    trash, wanted = _trash()
    found = orphans()
    most = max(MOST_FILES, int(files.count() * MOST_SHARE)) if len(found) > MOST_FILES else MOST_FILES
    if len(found) > most and not confirmed:
        reason = (
            f"no job names {len(found)} files, more than the {most} that are put into the trash at once."
            " If they are not needed: manage.py purge --yes"
        )
        return Plan([], trash, wanted, reason, len(found))
    return Plan(found, trash, wanted)


def carry_out(todo: Plan) -> None:
    """Do what the plan says. Raises OSError."""
    for trashed, name in todo.wanted:
        files.put_back(trashed, name)
    media().delete(todo.trash)
    today = timezone.localdate()
    for name in todo.orphans:
        files.move_to_trash(name, today)
    if todo.matches:
        sweeping.send(Plan)


def orphans() -> list[str]:
    """Files older than ``PORTRAIT_ORPHAN_DAYS`` that no job names."""
    found: list[str] = []
    for batch in batches(files.names_by_key(max(LEAST_AGE, days() * 86400.0)), 200):
        known = _names_by_key([key for key, _ in batch])
        found += [name for key, names in batch for name in names if name not in known.get(key, set())]
    return found


def days() -> int:
    """How old an orphan is before it goes to the trash, and how long it stays there."""
    return int(settings.PORTRAIT["ORPHAN_DAYS"])


def _names_by_key(keys: list[UUID]) -> dict[UUID, set[str]]:
    jobs = PortraitJob.objects.filter(key__in=keys).only("key", *PortraitJob.FILES)
    return {job.key: job.file_names for job in jobs}


def _trash() -> tuple[list[str], list[tuple[str, str]]]:
    """What of the trash is due, and what a job names, as after the database was restored once more."""
    limit: date = timezone.localdate() - timedelta(days=days())
    due: list[str] = []
    wanted: list[tuple[str, str]] = []
    for batch in batches(files.in_trash(), 200):
        keys = {name: key for _, name, _ in batch if (key := files.key_of(name))}
        known = _names_by_key(list(keys.values()))
        for trashed, name, put_aside in batch:
            if name in keys and name in known.get(keys[name], set()):
                wanted.append((trashed, name))
            elif put_aside <= limit:
                due.append(trashed)
    return due, wanted
