"""A forgotten password: a link from the staff or by e-mail, which works once."""

from __future__ import annotations

import re
import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import mail
from django.core.mail.backends import locmem
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.admin import admin_client, staff
from tests.conftest import PASSWORD
from user import recovery
from user.models import User

pytestmark = pytest.mark.django_db

NEW = "firebolt-1993-ash"
ASK = "/user/recovery/"
SET = "/user/recovery/password/"


def links(client: Client, *students: User) -> list[str]:
    """What the admin's action shows for these students."""
    form = {"action": "hand_out_links", "_selected_action": [student.pk for student in students]}
    answer = client.post("/admin/user/user/", form)
    assert "no-store" in answer["Cache-Control"]
    return re.findall(r'value="(http://[^"]+)"', answer.content.decode())


def token(link: str) -> str:
    return link.partition("#/new-password/")[2]


def signs_in(username: str, password: str) -> bool:
    form = {"username": username, "password": password}
    return APIClient().post("/user/api/token/", form).status_code == 200


def codes(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 400
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


@pytest.fixture
def letters(settings: Settings) -> list[Any]:
    settings.CAN_SEND_EMAIL = True
    settings.DEFAULT_FROM_EMAIL = "school@example.org"
    box: list[Any] = mail.outbox
    return box


def test_a_link_of_the_staff_sets_a_password_once_and_opens_a_session(
    admin: Client, as_alice: APIClient, alice: User, visitor: APIClient
) -> None:
    (link,) = links(admin, alice)
    form = {"link": token(link), "new_password": NEW}
    answer = visitor.post(SET, form)
    assert answer.status_code == 200
    visitor.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access']}")
    assert visitor.get("/user/me/").json()["username"] == "alice"
    visitor.credentials()
    assert (signs_in("alice", NEW), signs_in("alice", PASSWORD)) == (True, False)
    assert as_alice.get("/user/me/").status_code == 401
    assert codes(visitor.post(SET, form)) == [("link", "link_invalid")]


def test_a_link_ends_with_a_sign_in_with_a_change_of_the_address_and_after_a_day(
    alice: User, visitor: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = recovery.link_for(alice, "http://school")
    assert recovery.student_of(first) == alice
    assert signs_in("alice", PASSWORD)
    assert recovery.student_of(first) is None
    alice.refresh_from_db()
    second = recovery.link_for(alice, "http://school")
    User.objects.update(email="alice@example.org")
    assert recovery.student_of(second) is None
    alice.refresh_from_db()
    third = recovery.link_for(alice, "http://school")
    later = PasswordResetTokenGenerator()._now
    assert recovery.student_of(third) == alice
    monkeypatch.setattr(
        PasswordResetTokenGenerator, "_now", lambda self: later() + timedelta(days=1, seconds=2)
    )
    assert recovery.student_of(third) is None


@pytest.mark.parametrize("forged", ["", "-", "1-", "zzzzzzzzzzzzzzzzzz-a-b", "1-abc-def", "가-1-2", "\x00"])
def test_a_forged_link_is_refused_beside_the_faults_of_the_password(
    alice: User, visitor: APIClient, forged: str
) -> None:
    found = codes(visitor.post(SET, {"link": forged, "new_password": "1234567"}))
    assert {field for field, _code in found} == {"link", "new_password"}


def test_a_closed_account_has_no_link(admin: Client, alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert len(links(admin, alice, bob)) == 1


def test_staff_make_no_link_for_other_staff(alice: User) -> None:
    warden = staff("warden", "user.change_user", "user.view_user")
    headmaster = User.objects.create_superuser("headmaster", PASSWORD, fullname="Albus")
    made = links(admin_client(warden), alice, headmaster)
    assert [recovery.student_of(token(link)) for link in made] == [alice]


def test_a_letter_goes_to_the_address_of_the_account(
    alice: User, visitor: APIClient, letters: list[Any]
) -> None:
    User.objects.filter(pk=alice.pk).update(email="Alice@Example.org")
    for name in ("alice", "alice@example.ORG"):
        assert visitor.post(ASK, {"username": name}).status_code == 200
    first, second = letters
    assert first.to == second.to == ["Alice@Example.org"]
    assert "alice" in first.body
    (link,) = re.findall(r"http://testserver/\S+", first.body)
    assert visitor.post(SET, {"link": token(link), "new_password": NEW}).status_code == 200
    assert signs_in("alice", NEW)


def test_the_answer_does_not_say_who_has_an_account(
    alice: User, bob: User, visitor: APIClient, letters: list[Any]
) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@example.org", is_active=False)
    answers = [
        visitor.post(ASK, {"username": name}) for name in ("alice", "bob", "nobody", "bob@example.org")
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert not letters


def test_without_a_mail_server_the_page_is_told_to_send_people_to_the_staff(visitor: APIClient) -> None:
    assert visitor.get(ASK).json() == {"by_email": False}
    answer = visitor.post(ASK, {"username": "alice"})
    assert (answer.status_code, answer.json()["code"]) == (409, "recovery_by_staff")


def test_a_mail_server_that_is_away_is_a_503(
    alice: User, visitor: APIClient, letters: list[Any], settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    User.objects.filter(pk=alice.pk).update(email="alice@example.org")
    for name in ("alice", "unknown"):
        answer = visitor.post(ASK, {"username": name})
        assert (answer.status_code, answer.json()["code"]) == (503, "mail_unavailable")


def test_a_refused_address_is_answered_as_an_unknown_one_and_logged_without_it(
    alice: User,
    visitor: APIClient,
    letters: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_args: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({"gone@example.org": (550, b"no such user gone@example.org")})

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", refuse)
    User.objects.filter(pk=alice.pk).update(email="gone@example.org")
    answers = [visitor.post(ASK, {"username": name}) for name in ("alice", "unknown")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert f"account {alice.pk}: SMTPRecipientsRefused" in caplog.text
    assert "gone@" not in caplog.text


def test_the_name_changes_by_itself_and_the_address_with_the_password(as_alice: APIClient) -> None:
    me = "/user/me/"
    answer = as_alice.patch(me, {"fullname": "알리사"})
    assert answer.json()["fullname"] == "알리사"
    assert codes(as_alice.patch(me, {"email": "a@example.org"})) == [("password", "required")]
    wrong = as_alice.patch(me, {"fullname": "\u3164", "email": "a@", "password": "wrong"})
    assert codes(wrong) == [
        ("fullname", "invisible_characters"),
        ("email", "invalid"),
        ("password", "wrong_password"),
    ]
    answer = as_alice.patch(me, {"email": "a@example.org", "password": PASSWORD})
    assert (answer.json()["email"], answer.json()["fullname"]) == ("a@example.org", "알리사")
    assert as_alice.patch(me, {"email": "", "password": PASSWORD}).json()["email"] == ""


def test_a_long_name_in_the_admin_is_refused_and_not_cut(admin: Client, alice: User) -> None:
    page = admin.get(f"/admin/user/user/{alice.pk}/change/")
    form = page.context["adminform"].form
    assert "maxlength" not in str(form["fullname"]) + str(form["username"])
    sent = {"username": "alice", "fullname": "x" * 41, "birthday": "", "house": "", "email": ""}
    answer = admin.post(f"/admin/user/user/{alice.pk}/change/", sent)
    assert "fullname" in answer.context["adminform"].errors
