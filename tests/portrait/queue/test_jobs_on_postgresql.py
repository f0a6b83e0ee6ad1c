"""Queue, sorting and lounge keep their promises on PostgreSQL too: tests run again on a server of our own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

AGAIN = (
    "test_jobs_queue.py",
    "test_jobs_record.py",
    "test_jobs_files.py",
    "../../common/test_prepared.py",
    "../test_monitoring.py",
    "../test_portrait_status.py",
    "../test_upload_twenty.py",
    "../worker/test_worker_database.py",
    "../worker/test_worker_killed.py",
    "../worker/test_worker_stale.py",
    "../worker/test_worker_still.py",
    "../worker/test_worker_two.py",
    "../../dormitory/test_concurrent_requests.py",
    "../../dormitory/test_deleted_meanwhile.py",
    "../../dormitory/test_numbers.py",
    "../../dormitory/test_sorting.py",
    "../../lounge/test_board.py",
    "../../lounge/test_edit.py",
    "../../lounge/test_fresh.py",
    "../../lounge/test_page.py",
    "../../lounge/test_queries.py",
    "../../lounge/test_stats.py",
)


def programs() -> Path | None:
    """The folder of initdb and pg_ctl: Debian keeps them out of the path, by version."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of an empty PostgreSQL that lives as long as this module's test."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed")
    home = Path(tempfile.mkdtemp(prefix="postgresql-"))
    user: str | None = None
    if os.getuid() == 0:
        # The server refuses to run as root.
        user = "postgres"
        os.chown(home, pwd.getpwnam(user).pw_uid, -1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [folder / program, "-D", home / "data", *arguments],
            user=user,
            cwd=home,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )

    call("initdb", "--auth=trust", "--username=school", "--no-sync")
    call("pg_ctl", "-w", "-l", str(home / "log"), "-o", f"-p {port} -k {home} -c fsync=off", "start")
    try:
        yield f"postgres://school:none@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(home)


def test_the_tests_of_queue_sorting_and_lounge_pass_on_postgresql(server: str, tmp_path: Path) -> None:
    files = [str(Path(__file__).parent / name) for name in AGAIN]
    process = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            f"--basetemp={tmp_path / 'again'}",
            *files,
        ],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": server},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert process.returncode == 0, process.stdout[-8000:]
