"""Writes to the guestbook. Each filters by the author, so that students change only their own entries."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotFound

from lounge.census import forget
from lounge.models import Entry
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


def _no_such_entry() -> NotFound:
    return NotFound(_("You have no such entry."), code="entry_not_found")
