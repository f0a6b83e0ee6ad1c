"""Shared fixtures: alice and bob are students; every test has a media folder of its own."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import translation
from pytest_django import Settings
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle
from rest_framework_simplejwt.tokens import RefreshToken

from config.settings import THROTTLE_RATES
from lounge import census
from user.models import User


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="a skipped test fails the run (for CI)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "cuda: needs an NVIDIA GPU; skipped without one, even under --no-skips"
    )
    if processes := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
        # The test processes share the cores; more threads than cores would wait for each other.
        share = max(1, len(os.sched_getaffinity(0)) // int(processes))
        os.environ.setdefault("OMP_NUM_THREADS", str(share))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    without_gpu = not Path("/dev/nvidiactl").exists()
    for item in items:
        if without_gpu and item.get_closest_marker("cuda"):
            item.add_marker(pytest.mark.skip(reason="no NVIDIA GPU"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under ``--no-skips`` a skip is a failure, unless the machine really cannot run the test."""
    report = yield
    if report.skipped and item.config.getoption("--no-skips") and not item.get_closest_marker("cuda"):
        report.outcome = "failed"
        report.longrepr = f"skipped under --no-skips: {report.longrepr}"
    return report


# Staff accounts of the admin pages, and the S3 server.
pytest_plugins = ["tests.admin", "tests.s3_server"]

PASSWORD = "nimbus-2000-lacquer"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in a file instead of in memory, so that worker processes see the rows of the test."""
    database = connections["default"].settings_dict
    if connections["default"].vendor == "sqlite":
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    """An empty MEDIA_ROOT, gone after the test."""
    folder = tmp_path / "media"
    folder.mkdir()
    settings.MEDIA_ROOT = folder
    return folder


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Hashing as in production would take most of the time of most tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No limits: all tests send from one address. The tests of the limits set their own."""
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", dict.fromkeys(THROTTLE_RATES))


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    """The lounge counts again: the database of the test before is no longer there."""
    census.forget()


@pytest.fixture(autouse=True)
def default_language() -> Iterator[None]:
    """Korean again after a test that asked for English: a request leaves its language active in the thread."""
    yield
    translation.deactivate()


@pytest.fixture
def houses(db: None) -> None:
    """The four houses of a seeded database."""
    call_command("seed", verbosity=0)


def student(name: str) -> User:
    return User.objects.create_user(username=name, fullname=name.title(), password=PASSWORD)


@pytest.fixture
def alice(db: None) -> User:
    return student("alice")


@pytest.fixture
def bob(db: None) -> User:
    return student("bob")


def client_of(user: User) -> APIClient:
    """A client that sends ``user``'s access token and asks for English."""
    client = APIClient(headers={"Accept-Language": "en"})
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {RefreshToken.for_user(user).access_token}")
    return client


@pytest.fixture
def as_alice(alice: User) -> APIClient:
    return client_of(alice)


@pytest.fixture
def as_bob(bob: User) -> APIClient:
    return client_of(bob)


@pytest.fixture
def visitor() -> APIClient:
    """A client without an account that asks for English."""
    return APIClient(headers={"Accept-Language": "en"})
