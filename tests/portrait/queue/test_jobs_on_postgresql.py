"""Queue, sorting and lounge keep their promises on PostgreSQL too: tests run again on a server of our own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.servers import PostgreSQL

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


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of an empty PostgreSQL that lives as long as this module's test."""
    with PostgreSQL() as postgresql:
        yield postgresql.url


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
