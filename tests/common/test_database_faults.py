"""A database that is away, locked or full is answered with 503 everywhere, and never with 500."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import skimage.data
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import Error, InterfaceError, OperationalError, connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter
from PIL import Image
from rest_framework.test import APIClient

from portrait.models import PortraitJob
from tests.conftest import PASSWORD, client_of
from tests.dormitory.conftest import sort
from tests.portrait.kit import files_on_disk, make_portrait
from user.models import User

FAULTS = (OperationalError("the server closed the connection"), InterfaceError("connection already closed"))


class Failing:
    """A wrapper of queries that raises ``fault`` from query number ``first`` on, ``times`` times."""

    def __init__(self, fault: Error, first: int = 0, times: int = 10**6) -> None:
        self.fault, self.first, self.end = fault, first, first + times
        self.count = 0

    @property
    def raised(self) -> bool:
        return self.count > self.first

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        number, self.count = self.count, self.count + 1
        if self.first <= number < self.end:
            raise self.fault
        return execute(sql, params, many, context)


@contextmanager
def failing(fault: Error, first: int = 0, times: int = 10**6) -> Iterator[Failing]:
    wrapper = Failing(fault, first, times)
    with connection.execute_wrapper(wrapper):
        yield wrapper


def patterns(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[str]:
    """A path of each URL pattern."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern).lstrip("^").removesuffix("\\Z").rstrip("$")
        for name, converter in pattern.pattern.converters.items():
            value = "1" if isinstance(converter, IntConverter) else "png" if name == "kind" else "a"
            for kind in ("int", "str", "path"):
                path = path.replace(f"<{kind}:{name}>", value)
        if isinstance(pattern, URLPattern):
            yield path.replace("(?P<app_label>auth|user|dormitory|lounge|portrait)", "user").replace(
                "(?P<url>.*)", "nowhere/"
            )
        else:
            yield from patterns(pattern, path)


def paths() -> list[str]:
    return sorted({path for path in patterns() if "(" not in path})


def answer(client: Client, method: str, path: str) -> Any:
    client.raise_request_exception = False
    return client.generic(method, path, data="{}", content_type="application/json")


def assert_unavailable(response: Any) -> None:
    assert response.status_code == 503
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "database_unavailable"
    assert int(response["Retry-After"]) > 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_every_address_answers_503_or_needs_no_database(
    fault: Error, admin: Client, as_alice: APIClient
) -> None:
    asked = 0
    for client in (admin, as_alice, Client()):
        for path in paths():
            for method in ("GET", "POST", "PUT", "DELETE"):
                with failing(fault) as wrapper:
                    response = answer(client, method, path)
                if wrapper.raised:
                    asked += 1
                    assert_unavailable(response)
                else:
                    assert response.status_code < 500, (method, path)
    assert asked > 150


def photo() -> bytes:
    file = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def student(alice: User, houses: None) -> User:
    """Alice with a portrait, a house, a shared card and a guestbook entry."""
    make_portrait(alice)
    return sort(alice, 1)


CALLS: dict[str, Callable[[APIClient, int], Any]] = {
    "sign-up": lambda client, _: APIClient(raise_request_exception=False).post(
        "/user/", {"fullname": "Luna", "username": "luna", "password": PASSWORD}
    ),
    "token": lambda client, _: APIClient(raise_request_exception=False).post(
        "/user/api/token/", {"username": "alice", "password": PASSWORD}
    ),
    "me": lambda client, _: client.get("/user/me/"),
    "status": lambda client, _: client.get("/user/portrait/"),
    "history": lambda client, _: client.get("/user/portrait/history/"),
    "again": lambda client, _: client.post("/user/portrait/again/", {}),
    "choose": lambda client, job: client.post("/user/portrait/choose/", {"id": job}),
    "record": lambda client, _: client.get("/dorm/myroom/"),
    "questions": lambda client, _: client.get("/dorm/question/"),
    "card": lambda client, _: client.get("/dorm/card/"),
    "share": lambda client, _: client.post("/dorm/card/share/"),
    "lounge": lambda client, _: client.get("/lounge/"),
    "post": lambda client, _: client.post("/lounge/post/", {"content": "hello in there"}),
    "stats": lambda client, _: client.get("/lounge/stats/"),
    "board": lambda client, _: client.get("/lounge/board/"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", CALLS)
def test_a_database_that_leaves_in_the_middle_of_a_call_is_a_503(name: str, student: User) -> None:
    client, job = client_of(student), PortraitJob.objects.get(state=PortraitJob.State.SUCCEEDED).pk
    for number in range(100):
        with failing(FAULTS[0], number, 1) as wrapper:
            client.raise_request_exception = False
            response = CALLS[name](client, job)
        if not wrapper.raised:
            break
        assert_unavailable(response)
    assert number > 0
    assert response.status_code in (200, 409)


@pytest.mark.django_db(transaction=True)
def test_an_upload_leaves_no_files_when_the_database_leaves_in_its_middle(as_alice: APIClient) -> None:
    as_alice.raise_request_exception = False
    data = photo()
    refused = 0
    for number in range(100):
        with failing(FAULTS[0], number, 1) as wrapper:
            form = {"pic": SimpleUploadedFile("a.jpg", data, "image/jpeg")}
            response = as_alice.post("/user/main/", form, format="multipart")
        if not wrapper.raised:
            break
        assert_unavailable(response)
        assert files_on_disk() == set()
        assert not PortraitJob.objects.exists()
        refused += 1
    assert refused > 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the lock of a SQLite file")
def test_a_file_that_stays_locked_is_a_503_for_writers_and_none_for_readers(alice: User) -> None:
    client = client_of(alice)
    client.raise_request_exception = False
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with connection.cursor() as cursor:
        before = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute("PRAGMA busy_timeout = 100")
    try:
        form = {"pic": SimpleUploadedFile("a.jpg", photo(), "image/jpeg")}
        assert_unavailable(client.post("/user/main/", form, format="multipart"))
        assert files_on_disk() == set()
        account = {"fullname": "Luna", "username": "luna", "password": PASSWORD}
        assert_unavailable(APIClient().post("/user/", account))
        assert client.get("/user/me/").status_code == 200
    finally:
        other.execute("ROLLBACK")
        other.close()
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {before}")
    assert APIClient().post("/user/", account).status_code == 200


@pytest.mark.django_db
def test_a_browser_gets_a_sentence_in_its_language(admin: Client) -> None:
    admin.raise_request_exception = False
    with failing(FAULTS[0]):
        response = admin.get("/admin/", headers={"Accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert response.content.decode() == (
        "The school's records cannot be reached at the moment. Please try again soon."
    )


@pytest.mark.django_db
def test_a_fault_of_ours_is_still_a_500(as_alice: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    as_alice.raise_request_exception = False

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("lounge.views.LoungeView.get", broken)
    assert as_alice.get("/lounge/").json()["code"] == "server_error"
