"""A front end on another origin may call the API if, and only if, the settings name the origin."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

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
