"""Limits: by scope, by setting, and answered by a problem with Retry-After."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings
from rest_framework.settings import api_settings
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from tests.conftest import PASSWORD
from user.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch, no_limits: None) -> pytest.MonkeyPatch:
    """Two a minute, everywhere."""
    rates = dict.fromkeys(SimpleRateThrottle.THROTTLE_RATES, "2/minute")
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {**rates, "login-address": "6/minute"})
    return monkeypatch


def sign_up(client: APIClient, number: int, **extra: Any) -> int:
    form = {"username": f"student{number}", "fullname": "Luna", "password": PASSWORD}
    return client.post("/user/", form, **extra).status_code


def sign_in(client: APIClient, username: str = "alice", password: str = PASSWORD, **extra: Any) -> int:
    form = {"username": username, "password": password}
    return client.post("/user/api/token/", form, **extra).status_code


def test_the_third_sign_up_is_429_and_says_when_to_come_back(visitor: APIClient, limit: object) -> None:
    assert [sign_up(visitor, number) for number in range(3)] == [200, 200, 429]
    assert User.objects.count() == 2
    response = visitor.post("/user/", {})
    assert response["Content-Type"] == "application/problem+json"
    assert 1 <= int(response["Retry-After"]) <= 60
    body = response.json()
    assert (body["status"], body["code"]) == (429, "throttled")
    assert body["detail"] == "Too many requests. Please try again later."


def test_the_sentence_is_korean_by_default(limit: object) -> None:
    client = APIClient()
    for number in range(2):
        sign_up(client, number)
    assert client.post("/user/", {}).json()["detail"] == "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요."


def test_guessing_one_password_is_slow_and_locks_out_nobody_else(
    visitor: APIClient, alice: User, bob: User, limit: object
) -> None:
    guesses = [sign_in(visitor, password=f"guess-{number}") for number in range(3)]
    assert guesses == [401, 401, 429]
    assert sign_in(visitor) == 429
    assert sign_in(visitor, "bob") == 200
    assert sign_in(visitor, REMOTE_ADDR="203.0.113.7") == 200


def test_guessing_many_names_is_slow_too(visitor: APIClient, limit: object) -> None:
    codes = [sign_in(visitor, f"name{number}") for number in range(7)]
    assert codes == [401] * 6 + [429]


def test_another_spelling_of_a_name_is_not_another_chance(visitor: APIClient, limit: object) -> None:
    assert [sign_in(visitor, name) for name in ("\uac00", "\u1100\u1161", "\uac00")] == [401, 401, 429]


@pytest.mark.parametrize("body", ["[1]", "{", '{"username": {}}', '{"username": "\\ud800"}', '"x"', "null"])
def test_a_strange_body_is_refused_and_counted(visitor: APIClient, limit: object, body: str) -> None:
    codes = [
        visitor.generic("POST", "/user/api/token/", body, content_type="application/json").status_code
        for _ in range(2)
    ]
    assert set(codes) <= {400, 401}


def test_without_a_trusted_proxy_the_forwarded_address_is_not_believed(
    visitor: APIClient, limit: object
) -> None:
    codes = [sign_up(visitor, number, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}") for number in range(3)]
    assert codes == [200, 200, 429]


def test_behind_one_proxy_the_address_that_it_saw_counts(
    visitor: APIClient, limit: pytest.MonkeyPatch
) -> None:
    limit.setattr(api_settings, "NUM_PROXIES", 1)
    for number in range(3):
        # What the client claims stands first, what our proxy saw stands last.
        assert sign_up(visitor, number, HTTP_X_FORWARDED_FOR=f"10.0.0.1, 198.51.100.{number}") == 200
    claims = [
        sign_up(visitor, number, HTTP_X_FORWARDED_FOR=f"10.0.0.{number}, 203.0.113.9")
        for number in range(3, 6)
    ]
    assert claims == [200, 200, 429]


def test_uploads_are_counted_by_student(as_alice: APIClient, as_bob: APIClient, limit: object) -> None:
    assert [as_alice.post("/user/main/", format="multipart").status_code for _ in range(3)] == [400, 400, 429]
    assert as_bob.post("/user/main/", format="multipart").status_code == 400


def test_passwords_cannot_be_guessed_with_a_stolen_token(as_alice: APIClient, limit: object) -> None:
    wrong = {"old_password": "guess", "new_password": "firebolt-1993-ash"}
    assert [as_alice.post("/user/password/", wrong).status_code for _ in range(2)] == [400, 400]
    assert as_alice.post("/user/password/", wrong).status_code == 429
    assert as_alice.delete("/user/me/", {"password": PASSWORD}).status_code == 429
    assert as_alice.get("/user/me/").status_code == 200


def test_off_means_no_limit(visitor: APIClient) -> None:
    assert [sign_up(visitor, number) for number in range(5)] == [200] * 5


def test_processes_that_share_a_cache_share_the_limit(
    visitor: APIClient, limit: object, settings: Settings
) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
    }
    call_command("createcachetable", verbosity=0)
    assert [sign_up(visitor, number) for number in range(3)] == [200, 200, 429]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cache")
        assert cursor.fetchone() == (1,)
