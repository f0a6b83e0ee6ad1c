"""A front end on another origin may call the API if, and only if, the settings name the origin."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from common import listening
from common.listening import adapt_settings, own_addresses
from portrait.management.commands import serve
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

FRONT_END = "https://front.example"


@pytest.fixture(autouse=True)
def origins(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [FRONT_END]


def preflight(client: Client, origin: str) -> str | None:
    response = client.options(
        "/user/me/",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "DELETE",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    if "Access-Control-Allow-Origin" in response:
        assert "DELETE" in response["Access-Control-Allow-Methods"]
        assert "authorization" in response["Access-Control-Allow-Headers"]
    return response.get("Access-Control-Allow-Origin")


def test_the_named_origin_passes_the_preflight(client: Client) -> None:
    assert preflight(client, FRONT_END) == FRONT_END


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://front.example", f"{FRONT_END}.evil.example"]
)
def test_no_other_origin_does(client: Client, origin: str) -> None:
    assert preflight(client, origin) is None


def test_errors_can_be_read_by_the_front_end_as_well(client: Client) -> None:
    response = client.post(
        "/user/api/token/", {"username": "nobody", "password": PASSWORD}, headers={"Origin": FRONT_END}
    )
    assert response.status_code in (401, 415)
    assert response["Access-Control-Allow-Origin"] == FRONT_END
    assert "Retry-After" in response["Access-Control-Expose-Headers"]


LOCAL = ["http://localhost:5173", "http://127.0.0.1:3000", "http://localhost"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_without_a_setting_front_ends_on_this_machine_may_call_a_server_for_it_alone(
    client: Client, settings: Settings, host: str
) -> None:
    settings.CORS_ALLOWED_ORIGINS = []
    settings.CORS_ALLOWED_ORIGIN_REGEXES = []
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
    adapt_settings(host)
    settings.ALLOWED_HOSTS = ["testserver"]
    assert [preflight(client, origin) for origin in LOCAL] == LOCAL
    response = client.get("/dorm/houses/", headers={"Origin": LOCAL[0]})
    assert "Access-Control-Allow-Credentials" not in response
    others = (
        "https://localhost",
        "http://localhost.evil.example",
        "http://evil.example",
        "http://127.0.0.1.evil:1",
    )
    assert {preflight(client, origin) for origin in (*others, "http://localhost:1@evil.example", "null")} == {
        None
    }


@pytest.mark.parametrize(
    ("host", "chosen"),
    [
        ("0.0.0.0", {}),
        ("192.168.0.10", {}),
        ("127.0.0.1", {"CORS_ALLOWED_ORIGINS": [FRONT_END]}),
        ("127.0.0.1", {"ALLOWED_HOSTS": ["school.example"]}),
        ("127.0.0.1", {"HTTPS": True}),
        ("127.0.0.1", {"REST_FRAMEWORK": {"NUM_PROXIES": 1}}),
    ],
)
def test_they_may_not_where_others_reach_the_server(
    client: Client, settings: Settings, host: str, chosen: dict[str, object]
) -> None:
    unset = {"CORS_ALLOWED_ORIGINS": [], "CORS_ALLOWED_ORIGIN_REGEXES": [], "ALLOWED_HOSTS": ["localhost"]}
    for name, value in {**unset, **chosen}.items():
        setattr(settings, name, value)
    adapt_settings(host)
    assert settings.CORS_ALLOWED_ORIGIN_REGEXES == []


def test_a_server_for_other_machines_answers_under_its_own_addresses(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "own_addresses", lambda _host: ["192.168.0.10"])
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    adapt_settings("0.0.0.0")
    assert settings.ALLOWED_HOSTS == ["localhost", "127.0.0.1", "192.168.0.10"]
    settings.ALLOWED_HOSTS = ["school.example"]
    adapt_settings("0.0.0.0")
    assert settings.ALLOWED_HOSTS == ["school.example"]


def test_the_welcome_names_the_addresses_for_phones_and_says_what_cameras_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serve, "own_addresses", lambda host: ["192.168.0.10"] if host == "0.0.0.0" else [])
    everywhere = serve.welcome("0.0.0.0", 8001)
    assert "http://192.168.0.10:8001/\n" in everywhere
    assert "HTTPS" in everywhere
    assert "http://127.0.0.1:8001/docs/" in everywhere
    assert "HTTPS" not in serve.welcome("127.0.0.1", 8001)


def test_addresses_for_others_are_none_of_this_machine_alone() -> None:
    assert own_addresses("127.0.0.1") == []
    assert own_addresses("192.168.0.10") == ["192.168.0.10"]
    assert not any(listening.is_loopback(address) for address in own_addresses("0.0.0.0"))
