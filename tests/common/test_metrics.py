"""``/metrics``: who may read it, and that requests are counted by route."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from tests.paths import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


def samples(text: str, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def scrape(client: Client, **headers: str) -> str:
    response = client.get("/metrics", **headers)  # type: ignore[arg-type]
    assert response.status_code == 200
    return response.content.decode()


def count(text: str, route: str, status: str, method: str = "GET") -> float:
    found = samples(text, "http_request_seconds_count")
    return found.get((("method", method), ("route", route), ("status", status)), 0.0)


def test_requests_are_counted_by_route_and_status(client: Client) -> None:
    before = scrape(client)
    client.get("/card/no-such-token/")
    client.get("/no/such/path")
    client.get("/user/me/")
    client.generic("BREW", "/user/me/")
    after = scrape(client)
    for route, status, method in (
        ("/card/<str:token>/", "404", "GET"),
        ("none", "404", "GET"),
        ("/user/me/", "401", "GET"),
        ("/user/me/", "401", "other"),
    ):
        assert count(after, route, status, method) == count(before, route, status, method) + 1, route
    assert "no-such-token" not in after


def test_programs_on_this_machine_may_read_it(client: Client) -> None:
    assert "http_request_seconds" in scrape(client, REMOTE_ADDR="127.0.0.1")
    assert "http_request_seconds" in scrape(client, REMOTE_ADDR="::1", SERVER_NAME="10.0.0.7")


@pytest.mark.parametrize(
    "headers",
    [
        {"REMOTE_ADDR": "10.0.0.9"},
        {"REMOTE_ADDR": ""},  # a socket of the file system, behind which is a proxy
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
    ],
)
def test_others_may_not_also_behind_a_proxy_of_this_machine(client: Client, headers: dict[str, str]) -> None:
    response = client.get("/metrics", **headers)  # type: ignore[arg-type]
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("proxied", ["HTTPS", "NUM_PROXIES"])
def test_where_there_is_a_proxy_only_the_token_opens(
    client: Client, settings: Settings, proxied: str
) -> None:
    if proxied == "HTTPS":
        settings.HTTPS = True
    else:
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    assert client.get("/metrics").status_code == 403


def test_with_a_token_the_token_alone_opens(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "owl-post-owl-post"
    assert "portrait_queue_jobs" in scrape(
        client, HTTP_AUTHORIZATION="Bearer owl-post-owl-post", REMOTE_ADDR="10.0.0.9", HTTP_VIA="1.1 proxy"
    )
    for headers in ({}, {"HTTP_AUTHORIZATION": "Bearer 올빼미"}, {"HTTP_AUTHORIZATION": "owl-post-owl-post"}):
        response = client.get("/metrics", **headers)  # type: ignore[arg-type]
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
        assert response.headers["WWW-Authenticate"] == "Bearer"


PROCESS = """
import os
from types import SimpleNamespace
from common.metrics import count_requests, exposition
request = SimpleNamespace(method="GET", resolver_match=None)
answer = count_requests(lambda request: SimpleNamespace(status_code=404))
if child := os.fork():
    os.waitpid(child, 0)
answer(request)
if child:
    print(exposition().decode())
"""


def test_processes_of_one_server_count_together(tmp_path: Path) -> None:
    text = subprocess.run(
        [sys.executable, "-c", PROCESS],
        cwd=ROOT,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "shared")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert count(text, "none", "404") == 2
