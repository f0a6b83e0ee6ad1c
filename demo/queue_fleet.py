"""A worker of either queue on a database of its own, for measurements."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.test import override_settings

from demo.queue_worker import SECONDS
from demo.throw_away import database_url, throw_away_database
from portrait.models import PortraitJob
from portrait.queue import workers
from user.models import User

START_SECONDS, STOP_SECONDS = 60.0, 40.0


@contextmanager
def school(folder: Path, students: int) -> Iterator[list[User]]:
    """A throw-away database and media folder with that many students. Raises DatabaseError and ValueError."""
    root = folder / "media"
    root.mkdir()
    with throw_away_database(), override_settings(MEDIA_ROOT=root):
        User.objects.bulk_create(
            User(username=f"s{number}", fullname=f"S {number}") for number in range(students)
        )
        yield list(User.objects.order_by("pk"))


@contextmanager
def broker(folder: Path) -> Iterator[str | None]:
    """The URL of a Redis server of its own; None where it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait()


@contextmanager
def fleet(folder: Path, *, children: int, seconds: float, broker_url: str | None) -> Iterator[None]:
    """A worker with warm children, of Celery where there is a broker, whose portraits take that long.

    Raises TimeoutError.
    """
    command = ["-m", "demo.queue_worker"]
    variables = {"PORTRAIT_QUEUE": "database"}
    if broker_url:
        command = ["-m", "celery", "-A", "demo.queue_celery", "worker", "-B", "--concurrency", str(children)]
        command += ["--without-gossip", "--without-mingle"]
        variables = {"PORTRAIT_QUEUE": "celery", "CELERY_BROKER_URL": broker_url}
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                **variables,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "DATABASE_URL": database_url(),
                "MEDIA_ROOT": str(settings.MEDIA_ROOT),
                "TMPDIR": str(folder),
                "WORKERS": str(children),
                SECONDS: str(seconds),
            },
            stdout=log,
            stderr=log,
        )
    try:
        end = time.monotonic() + START_SECONDS
        while sum(workers.alive().filter(paused=False).values_list("processes", flat=True)) < children:
            if process.poll() is not None or time.monotonic() > end:
                text = (folder / "worker.log").read_text()[-500:]
                raise TimeoutError(f"the worker does not start: {text}")
            time.sleep(0.05)
        with override_settings(**variables):
            yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        connection.close()


def wait_until_done(seconds: float) -> None:
    """Until no job is active. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while PortraitJob.objects.filter(state__in=PortraitJob.ACTIVE).exists():
        if time.monotonic() > end:
            raise TimeoutError("the worker does not finish")
        time.sleep(0.05)
