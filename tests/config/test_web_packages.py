"""The web process serves with the packages of requirements-web.txt alone, as in its container."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from demo.browser import free_port
from tests.portrait.kit import Workers, wait_for, workers
from tests.portrait.pictures import astronaut, encoded
from tests.requirements import install, listed, needed_by

HEAVY = {
    "torch",
    "numba",
    "llvmlite",
    "scipy",
    "scikit-image",
    "opencv-python",
    "face-alignment",
    "c2pa-python",
    "pebble",
    "sympy",
}
WHO = {"username": "cho", "password": "nimbus-2000-lacquer"}

Call = Callable[..., Any]


@pytest.fixture
def started(transactional_db: None, houses: None, tmp_path: Path) -> Iterator[Workers]:
    yield from workers(tmp_path)


@pytest.fixture
def call(started: Workers, tmp_path: Path) -> Call:
    """Calls a server that has only these packages; gives the body of a 200."""
    packages = tmp_path / "packages"
    packages.mkdir()
    install("requirements-web.txt", packages)
    port = free_port()
    # -S: without the packages of the environment in which the tests run.
    started.spawn(["-S", "manage.py", "serve_api", "--port", str(port)], PYTHONPATH=str(packages))

    def ask(path: str, data: bytes | None = None, **headers: str) -> bytes:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}",
            data,
            {name.replace("_", "-"): value for name, value in headers.items()},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read()!r}\n{started.output()}") from error

    def answers() -> bool:
        assert started.started[0].poll() is None, started.output()
        try:
            return bool(ask("/"))
        except OSError:
            return False

    wait_for(answers, "the server")
    return ask


def posted(fields: dict[str, Any]) -> dict[str, Any]:
    return {"data": json.dumps(fields).encode(), "Content_Type": "application/json"}


def photo_form() -> dict[str, Any]:
    edge = uuid.uuid4().hex
    head = f'--{edge}\r\nContent-Disposition: form-data; name="pic"; filename="a.jpg"\r\n\r\n'
    body = head.encode() + encoded(astronaut(), "JPEG") + f"\r\n--{edge}--\r\n".encode()
    return {"data": body, "Content_Type": f"multipart/form-data; boundary={edge}"}


def test_from_sign_up_to_card_and_admin(call: Call, admin: Client) -> None:
    call("/user/", **posted({"fullname": "Cho", **WHO}))
    token = {"Authorization": f"Bearer {json.loads(call('/user/api/token/', **posted(WHO)))['access']}"}
    assert json.loads(call("/user/main/", **photo_form(), **token))["msg"] == "send"
    call("/user/info/", **posted({"dormitory": 4, "birthday": "1981-02-13"}), **token)
    assert json.loads(call("/user/portrait/", **token))["status"] == "queued"
    # Drawn by resvg with the packaged typefaces, and encoded by ffmpeg.
    assert call("/dorm/card/image/", **token).startswith(b"\x89PNG")
    assert b"ftyp" in call("/dorm/card/image/?format=mp4", **token)[:12]
    assert json.loads(call("/lounge/", **token))["users_count"]
    assert b"openapi" in call("/schema/")
    session = {"Cookie": f"sessionid={admin.cookies['sessionid'].value}"}
    assert b"Cho" in call("/admin/user/user/", **session)
    assert b"queued" in call("/admin/portrait/portraitjob/", Accept_Language="en", **session).lower()


def test_the_list_has_none_of_the_heavy_packages() -> None:
    assert not HEAVY & set(listed("requirements-web.txt"))
    assert set(listed("requirements.txt")) >= HEAVY


@pytest.mark.parametrize("name", ["requirements-web.txt", "requirements.txt"])
def test_a_list_is_complete_and_pinned(name: str) -> None:
    """The images are installed without resolving dependencies; torch is the exception, with its own for CUDA."""
    requirements = listed(name)
    assert [str(one) for one in requirements.values() if not str(one.specifier).startswith("==")] == []
    for package, requirement in requirements.items():
        if package != "torch":
            assert needed_by(requirement) <= set(requirements), package
