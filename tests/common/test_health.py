"""``/healthz`` and ``/readyz``: who asks, how often, and what a probe may do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from common import health
from common.health import Unready, readiness


@pytest.fixture(autouse=True)
def asked_again() -> Iterator[None]:
    """Nothing is kept of another test, and the probe ``test`` goes with this one."""
    yield
    readiness.unregister("test")


def probe(check: Callable[[], None]) -> None:
    readiness.register("test", check)


def test_alive_is_said_without_the_database_to_any_host(client: Client) -> None:
    response = client.get("/healthz", SERVER_NAME="10.0.0.7")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db(transaction=True)
def test_a_new_school_is_ready(client: Client) -> None:
    response = client.get("/readyz", SERVER_NAME="10.0.0.7")
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "database": "ok", "storage": "ok", "weights": "ok"},
    )
    assert len(response.content.splitlines()) >= 4


@pytest.mark.django_db(transaction=True)
def test_https_does_not_redirect_the_probes(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/").status_code == 301
    assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


@pytest.mark.django_db(transaction=True)
def test_one_failing_probe_is_enough(client: Client) -> None:
    def full() -> None:
        raise Unready("is full")

    probe(full)
    response = client.get("/readyz")
    assert (response.status_code, response.json()["test"]) == (503, "is full")
    assert response.json()["status"] == "not ready"


@pytest.mark.django_db(transaction=True)
def test_an_error_of_a_probe_is_in_the_log_and_not_in_the_answer(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise ConnectionError("redis://10.1.1.1:6379 refused")

    probe(broken)
    assert client.get("/readyz").json()["test"] == "does not work"
    assert "10.1.1.1" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_probe_that_hangs_is_waited_for_briefly_and_started_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "TIMEOUT", 0.3)
    monkeypatch.setattr(health, "KEPT", 0.0)
    release, started = threading.Event(), []

    def hangs() -> None:
        started.append(1)
        release.wait(20)

    probe(hangs)
    answers = [client.get("/readyz").json()["test"] for _ in range(3)]
    assert answers == ["does not answer within 0.3 seconds"] * 3 and len(started) == 1
    release.set()


@pytest.mark.django_db(transaction=True)
def test_asking_often_causes_no_more_work(client: Client) -> None:
    looked = []
    probe(lambda: looked.append(1))
    with CaptureQueriesContext(connection) as queries:
        for _ in range(20):
            assert client.get("/readyz").status_code == 200
    assert (len(looked), len(queries)) == (1, 0)


def test_only_reading_is_allowed(client: Client) -> None:
    assert client.post("/readyz").status_code == 405
