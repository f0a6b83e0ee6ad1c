"""What the tests of queue and worker share: jobs without uploads, workers as real processes, the orphan check."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.urls import resolve

from common.storage import media
from portrait import files, own_styles
from portrait.engine.output.formats import FORMATS
from portrait.engine.request import DEFAULTS, PortraitRequest
from portrait.models import QUEUES, OwnPainting, PortraitJob
from portrait.painting_services import add_painting
from portrait.queue import acceptance, fittings, transitions
from portrait.queue.installation import MARK
from tests import s3_server
from tests.paths import media_path, media_root
from user.models import User
from user.private_pictures import signed_name

ROOT = Path(__file__).resolve().parents[2]
# Attempts follow each other at once, and the dead are found soon.
QUICK: dict[str, Any] = {"backoff": [0.0, 0.0], "poll": 0.1, "lease": 3.0, "first_pause": 0.3, "cancel": 1.0}
PATIENCE = 30.0
SETTLING = 6.0


def student(name: str) -> User:
    """An account without a password; hashing a password would cost more than the rest of a test."""
    return User.objects.create_user(username=name, fullname=name.title())


def enqueue(owner: User, motion: str = "quick") -> PortraitJob:
    """A job with two small files, as an upload leaves it; ``motion`` says what ``tests.portrait.faults.act`` does."""
    key = uuid.uuid4()
    photo, still = files.photo_name(key), files.still_name(key)
    media().write(photo, b"photo")
    media().write(still, b"still")
    return acceptance.enqueue(
        student_id=owner.pk,
        key=key,
        photo=photo,
        still=still,
        request=PortraitRequest(motion=motion, seed=7).or_else(DEFAULTS),
    )


def write_results(job: PortraitJob) -> transitions.Results:
    """The files of a successful attempt, written as the worker writes them."""
    names = {}
    for row in FORMATS:
        names[row.name] = files.result_name(job.key, job.lease, row.suffix)
        media().write(names[row.name], row.name.encode())
    drawn = PortraitRequest(style="starry-night", motion="nod")
    return transitions.Results(names, drawn.or_else(job.request), {"animating": 0.5})


def claim() -> PortraitJob:
    job = transitions.claim("test")
    assert job is not None
    return job


def make_portrait(owner: User) -> PortraitJob:
    """A job that has succeeded."""
    enqueue(owner)
    job = claim()
    assert transitions.finish(job, write_results(job))
    job.refresh_from_db()
    return job


def own_painting(slug: str, picture: bytes = b"a painting") -> OwnPainting:
    """An uploaded painting that waits for a worker."""
    painting = OwnPainting(slug=slug, titles={"ko": "내 그림", "en": "My painting"})
    add_painting(painting, picture)
    return painting


def published_painting(slug: str, style: bytes = b"style") -> OwnPainting:
    """A painting whose style, ``engine.style.row`` as bytes, is offered to all."""
    own_painting(slug)
    painting = transitions.claim_next(OwnPainting, "test")
    assert painting is not None
    fitted = fittings.Fitted(style, own_styles.digest(), b"portrait", b"moving", b"standing", {})
    assert fittings.finish(painting, fitted)
    assert fittings.publish(painting, own_styles.digest())
    painting.refresh_from_db()
    return painting


def signed_file(url: str) -> str:
    """The storage name behind the signed address of a photo."""
    return signed_name(resolve(urlsplit(url).path).kwargs["token"])


def files_on_disk() -> set[str]:
    """All files of the media storage but the installation's mark."""
    root = media_root()
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()} - {MARK}


def orphan(days: float, name: str = "") -> str:
    """A file that no job names, by default a photo, written that long ago; its name."""
    name = name or files.photo_name(uuid.uuid4())
    media().write(name, b"12345")
    make_old(name, days)
    return name


def make_old(name: str, days: float) -> None:
    then = time.time() - days * 86400
    os.utime(media_path(name), (then, then))


def assert_no_orphans() -> None:
    """Each file is named by a row, each name in a row is a file, and students show files that exist.

    A worker that still runs may be in the middle of a write, so that this is true only a moment later.
    """
    end = time.monotonic() + SETTLING
    while _differences() != (set(), set(), set()) and time.monotonic() < end:
        time.sleep(0.05)
    left = _differences()
    assert left == (set(), set(), set()), left


def _differences() -> tuple[set[str], set[str], set[str]]:
    """Files that no job names, names without a file, and files that are shown but not there."""
    named: set[str] = set()
    for job in PortraitJob.objects.all():
        named |= job.file_names
    on_disk = files_on_disk()
    shown = {
        str(file.name)
        for owner in User.objects.all()
        for file in (owner.still, owner.portrait, owner.poster, owner.tile)
        if file
    }
    return on_disk - named, named - on_disk, shown - on_disk


def wait_for(condition: Callable[[], Any], what: str = "it", patience: float = PATIENCE) -> Any:
    """The first true value of ``condition``; fails the test when there is none in time."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {patience:g} s for {what} in vain")


def nothing_active() -> bool:
    return not any(model._default_manager.filter(state__in=model.ACTIVE).exists() for model in QUEUES)


def is_running(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def children_of(pid: int) -> set[int]:
    """The processes that process ``pid`` started."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found |= {int(child) for child in task.read_text().split()}
    return found


def environment(**more: str) -> dict[str, str]:
    """For processes that share the test's database and media folder."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        credentials = f"{database['USER']}:{database['PASSWORD']}"
        url = f"postgres://{credentials}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
    return {
        **os.environ,
        "DATABASE_URL": url,
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": str(ROOT),
        **s3_server.variables(),
        **more,
    }


class Workers:
    """Starts workers that run fault tasks and kills what is left of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "executions"
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, environment: dict[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
        arguments = [f"{key}={json.dumps(value)}" for key, value in {**QUICK, **options}.items()]
        return self.spawn(["-m", "tests.portrait.faults", *arguments], **(environment or {}))

    def spawn(self, arguments: list[str], **more: str) -> subprocess.Popen[bytes]:
        """Any Python program with the test's database, media and a temporary folder of its own."""
        with (self.folder / "output").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=environment(FAULTS_FOLDER=str(self.folder), TMPDIR=str(self.folder), **more),
                stdout=output,
                stderr=output,
            )
        self.started.append(process)
        return process

    def output(self) -> str:
        return (self.folder / "output").read_text()

    def helper(self) -> int:
        """The process id of the helper that a ``helper`` task started."""
        file = self.folder / "helper"
        return int(wait_for(lambda: file.exists() and file.read_text(), "the helper"))

    def executions(self, job: PortraitJob | None = None) -> list[int]:
        """The process ids of the children that executed ``job`` (or any), one entry for each execution."""
        if not self.log.exists():
            return []
        entries = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [entry["pid"] for entry in entries if job is None or entry["job"] == job.pk]

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        process.send_signal(signal.SIGTERM)
        return process.wait(PATIENCE)

    def scratch_folders(self) -> list[Path]:
        return list(self.folder.glob("portrait-workers-*/worker-*"))

    def end(self) -> None:
        """Kill what is left."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        if self.started:
            print(self.output())  # noqa: T201 (pytest shows it for a test that fails)


def workers(folder: Path) -> Iterator[Workers]:
    """The body of the ``workers`` fixture."""
    crew = Workers(folder)
    yield crew
    crew.end()
