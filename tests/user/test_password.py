from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIClient

from tests.conftest import PASSWORD, client_of
from user import services
from user.models import User

pytestmark = pytest.mark.django_db

NEW = "firebolt-1993-ash"


def change(client: APIClient, old: str = PASSWORD, new: str = NEW) -> tuple[int, dict[str, Any]]:
    response = client.post("/user/password/", {"old_password": old, "new_password": new})
    return response.status_code, response.json()


def sign_in(password: str) -> dict[str, str]:
    body: dict[str, str] = (
        APIClient().post("/user/api/token/", {"username": "alice", "password": password}).json()
    )
    return body


def opens(token: str) -> bool:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client.get("/user/me/").status_code == 200


def test_old_tokens_die_and_the_answer_has_a_fresh_pair(alice: User) -> None:
    old, elsewhere = sign_in(PASSWORD), sign_in(PASSWORD)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {old['access']}")

    status, fresh = change(client)

    assert status == 200
    assert opens(str(fresh["access"]))
    for tokens in (old, elsewhere):
        assert not opens(tokens["access"])
        refused = APIClient().post("/user/api/token/refresh/", {"refresh": tokens["refresh"]})
        assert (refused.status_code, refused.json()["code"]) == (401, "password_changed")
    again = APIClient().post("/user/api/token/refresh/", {"refresh": fresh["refresh"]})
    assert again.status_code == 200


def test_only_the_new_password_opens_the_door(as_alice: APIClient) -> None:
    assert change(as_alice)[0] == 200
    assert "access" in sign_in(NEW)
    assert sign_in(PASSWORD)["code"] == "no_active_account"


@pytest.mark.parametrize(
    ("old", "new", "field", "code"),
    [
        ("a-wrong-password", NEW, "old_password", "wrong_password"),
        (PASSWORD, PASSWORD, "new_password", "password_unchanged"),
        (PASSWORD, "abc", "new_password", "password_too_short"),
        (PASSWORD, "password", "new_password", "password_too_common"),
        (PASSWORD, "alice-xyz", "new_password", "password_too_similar"),
        (PASSWORD, "84610937251", "new_password", "password_entirely_numeric"),
        ("", NEW, "old_password", "blank"),
    ],
)
def test_a_refused_change_says_why_and_changes_nothing(
    as_alice: APIClient, old: str, new: str, field: str, code: str
) -> None:
    status, body = change(as_alice, old, new)
    assert status == 400
    assert {"field": field, "code": code} in [
        {"field": error["field"], "code": error["code"]} for error in body["errors"]
    ]
    assert "access" in sign_in(PASSWORD)


def test_of_two_changes_that_prove_the_same_old_password_the_second_is_refused(alice: User) -> None:
    loaded_before = User.objects.get(pk=alice.pk)
    services.change_password(student=alice, password=NEW)
    with pytest.raises(AuthenticationFailed):
        services.change_password(student=loaded_before, password="somebody-elses-77")
    assert "access" in sign_in(NEW)


def test_bobs_tokens_live_on(as_alice: APIClient, bob: User) -> None:
    as_bob = client_of(bob)
    assert change(as_alice)[0] == 200
    assert as_bob.get("/user/me/").status_code == 200


HANGUL = "마법학교비밀번호"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("typed", ["NFC", "NFD"])
def test_a_password_may_be_typed_on_any_keyboard(form: Any, typed: Any) -> None:
    account = {"fullname": "Nari", "username": "alice", "password": unicodedata.normalize(form, HANGUL)}
    assert APIClient().post("/user/", account).status_code == 200
    assert "access" in sign_in(unicodedata.normalize(typed, HANGUL))


def test_a_password_may_end_in_a_space() -> None:
    spaced = "correct horse 9 "
    APIClient().post("/user/", {"fullname": "Nari", "username": "alice", "password": spaced})
    assert "access" in sign_in(spaced)
    assert "access" not in sign_in(spaced.strip())


def test_a_changed_password_may_be_typed_on_any_keyboard(alice: User) -> None:
    client = client_of(alice)
    assert change(client, new=unicodedata.normalize("NFD", HANGUL))[0] == 200
    assert "access" in sign_in(HANGUL)
    assert "access" in sign_in(unicodedata.normalize("NFD", HANGUL))


def test_hashes_from_before_there_was_one_form_keep_working(alice: User) -> None:
    decomposed = unicodedata.normalize("NFD", HANGUL)
    User.objects.filter(pk=alice.pk).update(password=make_password(decomposed))
    alice.refresh_from_db()
    assert alice.check_password(decomposed) and alice.check_password(HANGUL)
    assert not alice.check_password(HANGUL + "x")
