"""``drill kills``: workers and their children are killed at random while students send photos."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import override_settings

from demo.drills.outcome import Outcome
from demo.small_photos import send_small_photo
from demo.throw_away import database_url, throw_away_database
from portrait.models import PortraitJob
from portrait.queue.installation import MARK
from user.models import User

STUDENTS = 12
WORKERS = 2
# A worker of three is killed, else one of its children.
WORKER_SHARE = 0.3
PAUSE = (0.1, 0.6)
# For the workers to start, and for the jobs that are left when the kills are over.
PATIENCE = 90.0
# The codes of jobs whose attempts were all killed.
KILLED = ("child_killed", "worker_lost")

Ended = dict[int, tuple[Any, ...]]


class Workers:
    """``WORKERS`` workers in processes of their own, each started again when it was killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "MEDIA_ROOT": str(settings.MEDIA_ROOT),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "TMPDIR": str(folder),
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def tend(self) -> None:
        self.processes = [process for process in self.processes if process.poll() is None]
        with (self.folder / "workers.log").open("ab") as log:
            while len(self.processes) < WORKERS:
                self.processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "demo.drills.pretending"],
                        cwd=settings.BASE_DIR,
                        env=self.environment,
                        stdout=log,
                        stderr=log,
                    )
                )

    def have_children(self) -> bool:
        return all(any(_children(process.pid)) for process in self.processes)

    def kill_one(self) -> str | None:
        """Kill a worker or a child; what it was, None if there is no child yet."""
        process = random.choice(self.processes)
        children = list(_children(process.pid))
        if not children:
            return None
        is_worker = random.random() < WORKER_SHARE
        try:
            os.kill(process.pid if is_worker else random.choice(children), signal.SIGKILL)
        except ProcessLookupError:
            return None
        if is_worker:
            process.wait()
        return "workers" if is_worker else "children"

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def run(folder: Path, *, seconds: float) -> Outcome:
    """Kill for ``seconds``, then wait until every job has ended. Raises DatabaseError."""
    root = folder / "media"
    root.mkdir()
    with throw_away_database() as server, override_settings(MEDIA_ROOT=root):
        kills: Counter[str] = Counter()
        ended: Ended = {}
        changed: set[int] = set()
        with _working(folder) as workers:
            students = [
                User.objects.create(username=f"s{number}", fullname=f"S {number}")
                for number in range(STUDENTS)
            ]
            workers.tend()
            started = time.monotonic() + PATIENCE
            while not workers.have_children() and time.monotonic() < started:
                time.sleep(0.1)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                workers.tend()
                _send_photos(students)
                if killed := workers.kill_one():
                    kills[killed] += 1
                changed |= _note_ended(ended)
                time.sleep(random.uniform(*PAUSE))
            workers.tend()
            patience = time.monotonic() + PATIENCE
            while _active() and time.monotonic() < patience:
                time.sleep(0.1)
            changed |= _note_ended(ended)
        # Nothing may change any more; the workers have stopped.
        changed |= _note_ended(ended)
        return _outcome(server, kills, ended, changed)


@contextmanager
def _working(folder: Path) -> Iterator[Workers]:
    workers = Workers(folder)
    try:
        yield workers
    finally:
        workers.stop()


def _outcome(server: str, kills: Counter[str], ended: Ended, changed: set[int]) -> Outcome:
    jobs = list(PortraitJob.objects.all())
    states = Counter(job.state for job in jobs)
    named = set().union(*(job.file_names for job in jobs))
    root = Path(settings.MEDIA_ROOT)
    on_disk = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()} - {MARK}
    reasons = Counter(job.error_code for job in jobs if job.state == PortraitJob.State.FAILED)
    broken = {
        "jobs did not end": len(jobs) - len(ended),
        "jobs ended twice": len(changed),
        "files that no job names": len(on_disk - named),
        "names without a file": len(named - on_disk),
        "jobs failed for another reason than kills": reasons.total() - sum(reasons[code] for code in KILLED),
    }
    columns: dict[str, object] = {
        "database": server,
        "workers killed": kills["workers"],
        "children killed": kills["children"],
        "jobs accepted": len(jobs),
        "succeeded": states["succeeded"],
        "failed after 3 kills": states["failed"],
        "not ended": len(jobs) - len(ended),
        "ended twice": len(changed),
        "orphaned files": len(on_disk ^ named),
    }
    faults = [f"{number} {text}" for text, number in broken.items() if number]
    return Outcome(tuple(columns), [tuple(columns.values())], faults)


def _send_photos(students: list[User]) -> None:
    """A photo of each student without an active job, so that none is cancelled by the next."""
    active = set(
        PortraitJob.objects.filter(state__in=PortraitJob.ACTIVE).values_list("student_id", flat=True)
    )
    for student in students:
        if student.pk in active:
            continue
        send_small_photo(student.pk)


def _active() -> bool:
    return PortraitJob.objects.filter(state__in=PortraitJob.ACTIVE).exists()


def _note_ended(ended: Ended) -> set[int]:
    """Add the jobs that have ended since; those of ``ended`` whose end is another one now."""
    now: Ended = {
        job.pk: (job.state, job.finished_at, job.lease)
        for job in PortraitJob.objects.exclude(state__in=PortraitJob.ACTIVE)
    }
    changed = {pk for pk, end in ended.items() if now.get(pk) != end}
    ended.update(now)
    return changed


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            yield from map(int, task.read_text().split())
        except OSError:
            continue
