"""Writes to the guestbook. Students change only their own entries, reactions and reports."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotFound, ValidationError

from lounge.census import forget
from lounge.models import Entry, Reaction, Report
from user.models import User


def post(*, author: User, content: str) -> Entry:
    """A new entry; ``content`` has been checked."""
    return Entry.objects.create(author=author, content=content)


def edit(*, author: User, entry_id: int, content: str) -> Entry:
    """The entry with another text, marked as edited.

    Raises ``NotFound`` (404, ``entry_not_found``) for entries of others, missing ones and hidden ones alike: the
    answer does not reveal whether the entry exists.
    """
    mine = Entry.objects.filter(pk=entry_id, author=author, hidden=False)
    # One conditional UPDATE: an admin may hide or delete the entry at the same moment.
    if not mine.update(content=content, edited_at=timezone.now()):
        raise _no_such_entry()
    entry = mine.first()
    if entry is None:
        raise _no_such_entry()
    entry.author = author
    return entry


def delete(*, author: User, entry_id: int) -> None:
    """Remove the entry for good. Authors may delete hidden entries as well.

    Raises ``NotFound`` (404, ``entry_not_found``) for entries of others and missing ones.
    """
    deleted, _by_model = Entry.objects.filter(pk=entry_id, author=author).delete()
    if not deleted:
        raise _no_such_entry()
    forget()


def react(*, student: User, entry_id: int, kind: str) -> None:
    """Give the entry this reaction, in the place of the student's one before.

    Raises ``NotFound`` (404, ``entry_not_found``) for hidden and missing entries.
    """
    entry = _visible(entry_id)
    # One statement, so that two requests at once leave one reaction.
    Reaction.objects.bulk_create(
        [Reaction(entry=entry, student=student, kind=kind)],
        update_conflicts=True,
        unique_fields=["entry", "student"],
        update_fields=["kind"],
    )


def take_back_reaction(*, student: User, entry_id: int) -> None:
    """Remove the student's reaction, if there is one. Raises as :func:`react` does."""
    _visible(entry_id)
    Reaction.objects.filter(entry=entry_id, student=student).delete()


def report(*, student: User, entry_id: int, reason: str = "") -> None:
    """Ask staff to look at the entry. A second report of the same student changes nothing.

    Raises ``NotFound`` (404, ``entry_not_found``) for hidden and missing entries, and ``ValidationError`` (400,
    ``own_entry``) for the student's own.
    """
    entry = _visible(entry_id)
    if entry.author_id == student.pk:
        raise ValidationError(_("This entry is your own. You can delete it."), code="own_entry")
    Report.objects.bulk_create([Report(entry=entry, student=student, reason=reason)], ignore_conflicts=True)


def settle_reports(entry_ids: Iterable[int]) -> int:
    """Staff have looked at the entries; the number of reports that were open."""
    return Report.objects.filter(entry__in=list(entry_ids), settled_at=None).update(settled_at=timezone.now())


def _visible(entry_id: int) -> Entry:
    entry = Entry.objects.filter(pk=entry_id, hidden=False).first()
    if entry is None:
        raise NotFound(_("There is no such entry."), code="entry_not_found")
    return entry


def _no_such_entry() -> NotFound:
    return NotFound(_("You have no such entry."), code="entry_not_found")
