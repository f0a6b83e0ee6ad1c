"""Failed sign-ins are in the log: from where, to which account, and never with a name or a password."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from rest_framework.settings import api_settings
from rest_framework.test import APIClient

from tests.conftest import PASSWORD
from user.models import User

pytestmark = pytest.mark.django_db

GUESS = "a-guess-that-is-a-secret"


def by_api(username: Any, password: str = GUESS, **extra: Any) -> int:
    return (
        APIClient()
        .post("/user/api/token/", {"username": username, "password": password}, **extra)
        .status_code
    )


def by_admin(username: Any, password: str = GUESS, **extra: Any) -> int:
    form = {"username": username, "password": password}
    return Client().post("/admin/login/", form, **extra).status_code


PLACES = {"api": (by_api, 401), "admin": (by_admin, 200)}


@pytest.fixture(params=list(PLACES))
def place(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def fail(place: str, username: Any, **extra: Any) -> None:
    sign_in, refused = PLACES[place]
    assert sign_in(username, **extra) == refused


def line(caplog: pytest.LogCaptureFixture) -> str:
    """The one line of the sign-ins' logger."""
    (record,) = [record for record in caplog.records if record.name == "user.sign_in"]
    assert record.levelname == "WARNING"
    return record.getMessage()


def test_a_failure_is_logged_with_address_and_account(
    place: str, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    fail(place, "alice", REMOTE_ADDR="2001:db8::7")
    assert line(caplog) == f"failed sign-in ({place}) from 2001:db8::7 to account {alice.pk}"
    assert GUESS not in caplog.text and "alice" not in caplog.text


def test_a_closed_account_is_logged(place: str, alice: User, caplog: pytest.LogCaptureFixture) -> None:
    User.objects.update(is_active=False)
    sign_in, refused = PLACES[place]
    assert sign_in("alice", PASSWORD) == refused
    assert line(caplog).endswith(f"to account {alice.pk}") and PASSWORD not in caplog.text


def test_a_student_at_the_admins_door_is_logged(alice: User, caplog: pytest.LogCaptureFixture) -> None:
    assert by_admin("alice", PASSWORD) == 200
    assert line(caplog) == f"failed sign-in (admin) from 127.0.0.1 to account {alice.pk}"


def test_a_success_is_not_logged(alice: User, caplog: pytest.LogCaptureFixture) -> None:
    User.objects.create_superuser("head", PASSWORD, fullname="Head")
    assert by_api("alice", PASSWORD) == 200
    assert by_admin("head", PASSWORD) == 302
    assert not [record for record in caplog.records if record.name == "user.sign_in"]


@pytest.mark.parametrize("username", ["nobody", "김민서", "x\nroot: failed", "x\x07", "x" * 10_000])
def test_what_was_typed_is_not_logged(
    place: str, db: None, caplog: pytest.LogCaptureFixture, username: str
) -> None:
    fail(place, username)
    assert line(caplog) == f"failed sign-in ({place}) from 127.0.0.1 to no account"


def test_a_forged_address_writes_no_line_of_its_own(
    place: str, db: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    fail(place, "alice", HTTP_X_FORWARDED_FOR="x\x1b[2J\u202e" + "y" * 5000)
    assert line(caplog).isprintable() and len(line(caplog)) < 250
