"""``manage.py serve`` as a person uses it: real processes, a real port, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from demo.drills.clients import signed_up
from demo.queue_worker import SECONDS
from portrait.engine.photo.decoding import MAX_BYTES
from portrait.views import DRAIN_BYTES
from tests.portrait.pictures import astronaut, encoded
from tests.servers import Redis

START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'school.sqlite3'}",
        "MEDIA_ROOT": str(tmp_path / "media"),
        "SECRET_KEY": "not-for-production-" * 4,
        "PYTHONUNBUFFERED": "1",
    }


def serve(port: int, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--prepare", "--port", str(port)],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def school(port: int, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = serve(port, environment)
    yield process
    if process.poll() is None:
        # Not killed: its parts are sessions of their own and would stay.
        process.terminate()
    process.communicate(timeout=60)


def wait_for_line(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"it ended before it said {text!r}:\n{seen}")


def descendants(pid: int) -> set[int]:
    """The processes that ``pid`` started, and theirs."""
    found = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= {child} | descendants(child)
    return found


def wait_for_family(pid: int, size: int) -> set[int]:
    """The descendants of ``pid`` when there are at least ``size``."""
    deadline = time.monotonic() + START_SECONDS
    while len(family := descendants(pid)) < size:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return family


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_opens_says_what_to_try_and_leaves_nothing_behind(
    school: subprocess.Popen[str], port: int, number: signal.Signals
) -> None:
    said = wait_for_line(school, "/user/portrait/")
    assert f"http://127.0.0.1:{port}/docs/" in said
    assert "createsuperuser" in said
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/user/portrait/")
    assert refused.value.code == 401
    family = wait_for_family(school.pid, 3)  # the API, the worker and its child
    school.send_signal(number)
    assert school.wait(timeout=40) == 0
    deadline = time.monotonic() + 5
    while any(map(alive, family)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [pid for pid in family if alive(pid)] == []


def test_a_taken_port_is_one_clear_line(port: int, environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        process = serve(port, environment)
        output, _ = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in output
    assert "Traceback" not in output


def test_when_a_part_dies_the_whole_closes_and_says_so(school: subprocess.Popen[str]) -> None:
    wait_for_line(school, "/user/portrait/")
    for pid in descendants(school.pid):
        if b"portrait_worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    assert school.wait(timeout=40) == 1
    assert "the worker stopped by itself" in wait_for_line(school, "stopped by itself")


def test_with_celery_it_serves_alone_and_a_celery_worker_makes_the_portraits(
    port: int, environment: dict[str, str], tmp_path: Path
) -> None:
    with Redis() as broker:
        environment |= {"PORTRAIT_QUEUE": "celery", "CELERY_BROKER_URL": broker.url, "TMPDIR": str(tmp_path)}
        process = serve(port, environment)
        parts: list[subprocess.Popen[Any]] = [process]
        try:
            assert "celery -A config worker" in wait_for_line(process, "celery -A config worker")
            programs = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in descendants(process.pid)]
            assert len(programs) == 1 and b"serve_api" in programs[0]
            worker = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "celery",
                    "-A",
                    "demo.queue_celery",
                    "worker",
                    "-B",
                    "--concurrency",
                    "1",
                ],
                cwd=settings.BASE_DIR,
                env={**environment, "DJANGO_SETTINGS_MODULE": "config.settings", SECONDS: "0.1"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            parts.insert(0, worker)
            url = f"http://127.0.0.1:{port}"
            student = signed_up(url, "luna")
            assert student.upload(encoded(astronaut(), "JPEG"))[0] == 200
            deadline = time.monotonic() + START_SECONDS
            while student.ask("GET", "/user/portrait/")[1]["status"] != "succeeded":
                assert time.monotonic() < deadline
                time.sleep(0.1)
        finally:
            for part in parts:
                part.terminate()
                part.wait(60)


def test_a_photo_that_is_too_large_gets_our_own_answer(school: subprocess.Popen[str], port: int) -> None:
    wait_for_line(school, "/user/portrait/")
    url = f"http://127.0.0.1:{port}"
    account = {"fullname": "Luna", "username": "luna", "password": "a-good-long-one"}
    ask(f"{url}/user/", json.dumps(account).encode(), {"Content-Type": "application/json"})
    _, tokens = ask(
        f"{url}/user/api/token/", json.dumps(account).encode(), {"Content-Type": "application/json"}
    )
    form = b'--x\r\nContent-Disposition: form-data; name="pic"; filename="a.jpg"\r\n\r\n%b\r\n--x--\r\n'
    headers = {
        "Authorization": f"Bearer {tokens['access']}",
        "Content-Type": "multipart/form-data; boundary=x",
        "Accept-Language": "en",
    }
    for size in (MAX_BYTES + 1, 2 * MAX_BYTES, DRAIN_BYTES - 1000):
        status, problem = ask(f"{url}/user/main/", form % bytes(size), headers)
        assert (status, problem["code"]) == (400, "photo_too_large")
    json_headers = headers | {"Content-Type": "application/json"}
    status, problem = ask(f"{url}/user/", bytes(2 * MAX_BYTES), json_headers)
    assert (status, problem["code"]) == (413, "body_too_large")


def ask(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """The status and the document that answer a POST."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
