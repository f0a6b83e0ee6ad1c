"""Moderation: hide, show again, correct."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from lounge.models import Entry
from user.models import User

pytestmark = pytest.mark.django_db

LIST = "/admin/lounge/entry/"


@pytest.fixture
def entry(alice: User) -> Entry:
    return Entry.objects.create(author=alice, content="Mischief managed")


def act(client: Client, action: str, entry: Entry) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": [entry.pk]}, follow=True)


def hidden(entry: Entry) -> bool:
    entry.refresh_from_db()
    return entry.hidden


def test_an_entry_is_hidden_and_shown_again(admin: Client, entry: Entry) -> None:
    assert "1 entry is hidden now." in act(admin, "hide", entry).content.decode()
    assert hidden(entry)
    assert "0 entries are hidden now." in act(admin, "hide", entry).content.decode()
    assert "1 entry is shown again." in act(admin, "unhide", entry).content.decode()
    assert not hidden(entry)


def test_a_correction_keeps_to_the_rules_of_the_guestbook(admin: Client, entry: Entry) -> None:
    page = f"{LIST}{entry.pk}/change/"
    assert admin.post(page, {"content": "Mischief managed twice"}).status_code == 302
    entry.refresh_from_db()
    assert entry.content == "Mischief managed twice"
    for bad in ("short", "\u3164" * 20, "x" * 251):
        refused = admin.post(page, {"content": bad})
        assert refused.status_code == 200
        assert refused.context["adminform"].form.errors["content"]
    entry.refresh_from_db()
    assert entry.content == "Mischief managed twice"


@pytest.mark.parametrize("action", ["hide", "unhide", "delete_selected"])
def test_who_may_only_look_moderates_nothing(viewer: Client, entry: Entry, action: str) -> None:
    Entry.objects.update(hidden=action == "unhide")
    act(viewer, action, entry)
    assert hidden(entry) == (action == "unhide")
