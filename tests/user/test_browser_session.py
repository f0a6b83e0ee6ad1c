"""A page in a browser keeps its refresh token in a cookie that no script can read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from tests.conftest import PASSWORD
from user import tokens
from user.models import User

pytestmark = pytest.mark.django_db

COOKIE = {"X-Session": "cookie"}
REFRESH = "/user/api/token/refresh/"


@pytest.fixture
def page(alice: User) -> APIClient:
    """Alice's browser, signed in."""
    client = APIClient(headers={"Accept-Language": "en"})
    answer = client.post("/user/api/token/", {"username": "alice", "password": PASSWORD}, headers=COOKIE)
    assert answer.status_code == 200
    return client


def tab(page: APIClient) -> APIClient:
    """Another tab that has read the cookie before an answer changed it."""
    other = APIClient(headers={"Accept-Language": "en"})
    other.cookies["refresh"] = page.cookies["refresh"].value
    return other


def refresh(client: APIClient) -> Any:
    return client.post(REFRESH, {}, headers=COOKIE)


def opens(access: str) -> bool:
    client = APIClient(headers={"Authorization": f"Bearer {access}"})
    return client.get("/user/me/").status_code == 200


def refused(answer: Any) -> bool:
    """401, and the cookie is taken out of the browser."""
    cookie = answer.cookies.get("refresh")
    gone = cookie is not None and cookie["max-age"] == 0 and cookie["path"] == "/user/"
    return (answer.status_code, answer.json()["code"], gone) == (401, "no_session", True)


def test_signing_in_puts_the_refresh_token_where_no_script_reads_it(alice: User) -> None:
    answer = APIClient().post("/user/api/token/", {"username": "alice", "password": PASSWORD}, headers=COOKIE)
    assert answer.json().keys() == {"access"}
    cookie = answer.cookies["refresh"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["path"] == "/user/"
    assert cookie["max-age"] == 14 * 24 * 3600
    assert cookie.value not in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert opens(answer.json()["access"])


@pytest.mark.parametrize("https", [True, False])
def test_the_cookie_keeps_to_https_where_there_is_https(alice: User, settings: Settings, https: bool) -> None:
    settings.HTTPS = https
    form = {"username": "alice", "password": PASSWORD}
    answer = APIClient().post("/user/api/token/", form, headers=COOKIE)
    assert bool(answer.cookies["refresh"]["secure"]) is https


def test_without_the_header_nothing_is_new(alice: User) -> None:
    answer = APIClient().post("/user/api/token/", {"username": "alice", "password": PASSWORD})
    assert answer.json().keys() == {"access", "refresh"}
    assert not answer.cookies


def test_the_cookie_alone_refreshes_nothing(page: APIClient) -> None:
    """A form on another site can make a browser send cookies, but no header."""
    before = page.cookies["refresh"].value
    answer = page.post(REFRESH, {})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "required")
    assert page.cookies["refresh"].value == before
    assert page.post("/user/logout/", {}).status_code == 400
    assert refresh(page).status_code == 200


def test_another_origin_may_not_send_the_header(client: Client, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://front.example"]
    answer = client.options(
        REFRESH,
        headers={
            "Origin": "https://front.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-session",
        },
    )
    assert "x-session" not in answer["Access-Control-Allow-Headers"].lower()
    assert "Access-Control-Allow-Credentials" not in answer


def test_a_refresh_rotates_the_cookie(page: APIClient) -> None:
    before = page.cookies["refresh"].value
    answer = refresh(page)
    assert answer.json().keys() == {"access"}
    assert opens(answer.json()["access"])
    assert page.cookies["refresh"].value != before
    assert refresh(page).status_code == 200


def test_a_body_with_a_token_is_answered_as_ever(page: APIClient) -> None:
    body = {"refresh": page.cookies["refresh"].value}
    assert page.post(REFRESH, body, headers=COOKIE).json().keys() == {"access", "refresh"}


def test_two_tabs_that_refresh_at_once_stay_signed_in_together(page: APIClient) -> None:
    other = tab(page)
    assert refresh(page).status_code == 200
    answer = refresh(other)
    assert answer.status_code == 200 and opens(answer.json()["access"])
    assert other.cookies["refresh"].value == page.cookies["refresh"].value


def test_a_slow_tab_catches_up_with_several_refreshes(page: APIClient) -> None:
    slow = tab(page)
    for _ in range(3):
        assert refresh(page).status_code == 200
    assert refresh(slow).status_code == 200
    assert slow.cookies["refresh"].value == page.cookies["refresh"].value


@pytest.mark.parametrize("path", [REFRESH, "/user/logout/"])
def test_a_token_that_was_spent_a_while_ago_ends_the_session(page: APIClient, path: str) -> None:
    """One of the two has stolen it, and the server cannot tell which one."""
    thief = tab(page)
    access = refresh(page).json()["access"]
    a_while_passes()
    assert refused(thief.post(path, {}, headers=COOKIE))
    assert not opens(access)
    assert refused(refresh(page))


def test_the_thief_who_was_first_is_signed_out_too(page: APIClient) -> None:
    thief = tab(page)
    stolen = refresh(thief).json()["access"]
    stolen_later = refresh(thief).json()["access"]
    a_while_passes()
    assert refused(refresh(page))
    assert not opens(stolen) and not opens(stolen_later)
    assert refused(refresh(thief))


def test_a_reuse_ends_no_other_session(page: APIClient) -> None:
    thief = tab(page)
    phone = APIClient(headers={"Accept-Language": "en"})
    phone.post("/user/api/token/", {"username": "alice", "password": PASSWORD}, headers=COOKIE)
    assert refresh(page).status_code == 200
    a_while_passes()
    assert refused(refresh(thief))
    assert opens(refresh(phone).json()["access"])


def test_a_token_of_an_ended_session_ends_nothing_more(page: APIClient) -> None:
    old = tab(page)
    page.post("/user/logout/", {}, headers=COOKIE)
    page.post("/user/api/token/", {"username": "alice", "password": PASSWORD}, headers=COOKIE)
    access = refresh(page).json()["access"]
    a_while_passes()
    assert refused(refresh(old))
    assert opens(access)


def a_while_passes() -> None:
    """Longer than parallel tabs need."""
    BlacklistedToken.objects.update(blacklisted_at=timezone.now() - tokens.GRACE - timedelta(seconds=1))


def test_a_tab_that_is_behind_after_a_sign_out_elsewhere_gets_a_token_that_opens(page: APIClient) -> None:
    other = tab(page)
    assert refresh(page).status_code == 200
    phone = APIClient(headers={"Accept-Language": "en"})
    phone.post("/user/api/token/", {"username": "alice", "password": PASSWORD}, headers=COOKIE)
    assert phone.post("/user/logout/", {}, headers=COOKIE).status_code == 200
    assert opens(refresh(other).json()["access"])
    assert opens(refresh(page).json()["access"])


def test_signing_out_ends_the_access_token(page: APIClient) -> None:
    access = refresh(page).json()["access"]
    assert opens(access)
    assert page.post("/user/logout/", {}, headers=COOKIE).status_code == 200
    assert not opens(access)


def test_signing_out_ends_the_session_and_deletes_the_cookie(page: APIClient) -> None:
    other = tab(page)
    answer = page.post("/user/logout/", {}, headers=COOKIE)
    assert answer.status_code == 200
    assert answer.cookies["refresh"]["max-age"] == 0
    assert refused(refresh(other))


def test_signing_out_ends_what_another_tab_has_just_refreshed(page: APIClient) -> None:
    other = tab(page)
    assert refresh(page).status_code == 200
    assert other.post("/user/logout/", {}, headers=COOKIE).status_code == 200
    assert refused(refresh(page))


@pytest.mark.parametrize("path", [REFRESH, "/user/logout/"])
@pytest.mark.parametrize("cookie", [None, "", "a.b.c"])
def test_a_cookie_that_opens_nothing_is_taken_away(db: None, path: str, cookie: str | None) -> None:
    client = APIClient(headers={"Accept-Language": "en"})
    if cookie is not None:
        client.cookies["refresh"] = cookie
    answer = client.post(path, headers=COOKIE)
    assert refused(answer)
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_an_access_token_is_no_session(page: APIClient) -> None:
    page.cookies["refresh"] = refresh(page).json()["access"]
    assert refused(refresh(page))


@pytest.mark.parametrize("change", ["closed", "deleted", "password"])
def test_a_session_ends_with_the_account_and_with_the_password(
    page: APIClient, alice: User, change: str
) -> None:
    if change == "closed":
        User.objects.update(is_active=False)
    elif change == "deleted":
        alice.delete()
    else:
        alice.set_password("another-good-one-77")
        alice.save(update_fields=["password"])
    assert refused(refresh(page))


def test_a_new_password_keeps_this_browser_signed_in_and_no_other(page: APIClient) -> None:
    other = tab(page)
    access = refresh(page).json()["access"]
    form = {"old_password": PASSWORD, "new_password": "firebolt-1993-ash"}
    answer = page.post("/user/password/", form, headers={**COOKIE, "Authorization": f"Bearer {access}"})
    assert answer.json().keys() == {"access"}
    assert opens(answer.json()["access"]) and not opens(access)
    assert refresh(page).status_code == 200
    assert refused(refresh(other))


def test_a_deleted_account_leaves_no_cookie(page: APIClient) -> None:
    access = refresh(page).json()["access"]
    answer = page.delete(
        "/user/me/", {"password": PASSWORD}, headers={**COOKIE, "Authorization": f"Bearer {access}"}
    )
    assert answer.status_code == 200
    assert answer.cookies["refresh"]["max-age"] == 0
