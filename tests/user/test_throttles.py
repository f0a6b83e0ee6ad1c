"""Limits: by scope, by setting, and answered by a problem with Retry-After."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings
from rest_framework.settings import api_settings
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from config.settings import DEFAULT_RATES, throttle_rate
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
    assert response.status_code == 429
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


SPELLINGS = {
    "composition": ["\uac00", "\u1100\u1161", "\uac00"],
    "padding": ["alice", " alice", "alice\u3000\n"],
    "case": ["alice", "ALICE", "aLice"],
    "width": ["alice", "\uff41lice", "\uff21LICE"],
    "padded width": ["alice", "\u2003\uff21lice", "\u00a0alice"],
    "sharp s": ["stra\u00dfe", "STRASSE", "strasse"],
}


@pytest.mark.parametrize("names", SPELLINGS.values(), ids=list(SPELLINGS))
def test_another_spelling_of_a_name_is_not_another_chance(
    visitor: APIClient, limit: object, names: list[str]
) -> None:
    assert [sign_in(visitor, name, "guess") for name in names] == [401, 401, 429]


def test_a_number_is_the_name_of_its_digits(visitor: APIClient, limit: object) -> None:
    names: list[Any] = ["123", 123, "123"]
    assert [sign_in(visitor, name) for name in names] == [401, 401, 429]


def test_successes_are_not_counted(visitor: APIClient, alice: User, limit: object) -> None:
    assert [sign_in(visitor) for _ in range(7)] == [200] * 7
    assert [sign_in(visitor, password="guess") for _ in range(3)] == [401, 401, 429]


def test_a_success_does_not_give_back_the_failures(visitor: APIClient, alice: User, limit: object) -> None:
    assert [sign_in(visitor, password=word) for word in ("guess", PASSWORD, "guess")] == [401, 200, 401]
    assert sign_in(visitor) == 429


def test_a_refused_attempt_is_not_counted_for_the_school(
    visitor: APIClient, alice: User, limit: object
) -> None:
    assert [sign_in(visitor, password="guess") for _ in range(9)] == [401] * 2 + [429] * 7
    assert [sign_in(visitor, f"name{number}") for number in range(5)] == [401] * 4 + [429]


def test_guesses_at_the_same_time_do_not_exceed_the_limit_together(
    visitor: APIClient, alice: User, limit: pytest.MonkeyPatch
) -> None:
    """A guess counts from its beginning: the others see it while its password is being hashed."""
    inner: list[int] = []

    def slow(*args: Any, **kwargs: Any) -> None:
        if len(inner) < 3:
            inner.append(-1)
            inner[inner.index(-1)] = sign_in(APIClient(), password="guess")

    limit.setattr("rest_framework_simplejwt.serializers.authenticate", slow)
    sign_in(visitor, password="guess")
    assert inner.count(429) == 1


def test_a_refused_sign_up_is_not_counted(visitor: APIClient, alice: User, limit: object) -> None:
    taken = {"username": "alice", "fullname": "Alice", "password": PASSWORD}
    assert [visitor.post("/user/", taken).status_code for _ in range(5)] == [400] * 5
    assert [sign_up(visitor, number) for number in range(3)] == [200, 200, 429]


def test_a_whole_school_can_sign_up_in_an_hour(visitor: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", default_rates())
    assert {sign_up(visitor, number) for number in range(500)} == {200}
    assert [sign_in(visitor, f"student{number}") for number in range(200)] == [200] * 200


def default_rates() -> dict[str, str | None]:
    """The rates of an installation that sets none."""
    return {scope: throttle_rate(scope, rate) for scope, rate in DEFAULT_RATES.items()}


NETWORKS = {
    "one /64": (["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2:3:4:5:6"], 429),
    "another /64": (["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:3::1"], 401),
    "with a zone": (["fe80::1%eth0", "fe80::2%eth1", "fe80::3"], 429),
    "IPv4 as IPv6": (["203.0.113.7", "::ffff:203.0.113.7", "::ffff:cb00:7107"], 429),
    "two IPv4 as IPv6": (["::ffff:203.0.113.7", "::ffff:203.0.113.7", "::ffff:203.0.113.8"], 401),
    "two IPv4": (["203.0.113.7", "203.0.113.7", "203.0.113.8"], 401),
}


@pytest.mark.parametrize(("addresses", "third"), NETWORKS.values(), ids=list(NETWORKS))
def test_a_client_is_told_by_what_it_cannot_vary(
    visitor: APIClient, limit: object, addresses: list[str], third: int
) -> None:
    codes = [sign_in(visitor, "alice", "guess", REMOTE_ADDR=address) for address in addresses]
    assert codes == [401, 401, third]


@pytest.mark.parametrize("form", ["203.0.113.9:{}", "[2001:db8::{}]:{}", "2001:db8::{}"])
def test_the_port_that_a_proxy_appends_is_no_other_client(
    visitor: APIClient, limit: pytest.MonkeyPatch, form: str
) -> None:
    limit.setattr(api_settings, "NUM_PROXIES", 1)
    codes = [
        sign_up(visitor, number, HTTP_X_FORWARDED_FOR=form.format(4000 + number, 4000 + number))
        for number in range(3)
    ]
    assert codes == [200, 200, 429]


@pytest.fixture
def head(db: None) -> User:
    return User.objects.create_superuser("head", PASSWORD, fullname="Head")


def admin_sign_in(username: str = "head", password: str = PASSWORD, **headers: str) -> Any:
    client = Client(headers={"Accept-Language": "en", "Accept": "text/html", **headers})
    return client.post("/admin/login/?next=/admin/", {"username": username, "password": password})


def test_the_admins_sign_in_has_the_same_limit(head: User, limit: object) -> None:
    answers = [admin_sign_in(name, "guess") for name in ("head", " HEAD", "Head")]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    refused = answers[-1]
    assert refused["Content-Type"].startswith("text/plain")
    assert refused.content.decode() == "Too many requests. Please try again later."
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused["Cache-Control"] == "no-store"
    problem = admin_sign_in(password="guess", Accept="application/json")
    assert (problem["Content-Type"], problem.json()["code"]) == ("application/problem+json", "throttled")
    # The page itself is still shown, and the school's other staff can sign in.
    assert Client().get("/admin/login/").status_code == 200
    assert admin_sign_in().status_code == 429


def test_the_admins_successes_are_not_counted(head: User, limit: object) -> None:
    assert [admin_sign_in().status_code for _ in range(7)] == [302] * 7


def test_the_admin_and_the_api_share_one_count(visitor: APIClient, head: User, limit: object) -> None:
    assert sign_in(visitor, "head", "guess") == 401
    assert admin_sign_in(password="guess").status_code == 200
    assert sign_in(visitor, "head", "guess") == 429
    assert admin_sign_in(password="guess").status_code == 429


def test_guessing_many_names_in_the_admin_is_slow_too(db: None, limit: object) -> None:
    codes = [admin_sign_in(f"name{number}", "guess").status_code for number in range(7)]
    assert codes == [200] * 6 + [429]


def test_no_page_of_the_admin_signs_in_around_the_limit(head: User, limit: object) -> None:
    """A form for signing in that is posted to another page of the admin is sent to the limited one."""
    answer = Client().post("/admin/user/user/", {"username": "head", "password": PASSWORD})
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/login/")


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
