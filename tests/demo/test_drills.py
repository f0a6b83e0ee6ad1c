"""``manage.py drill`` with small numbers: it prints a table, and leaves the configured school alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from demo.drills import disk_full
from demo.s3_server import RCLONE


def drill(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "temporary").mkdir()
    return subprocess.run(
        [sys.executable, "manage.py", "drill", *arguments],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DATABASE_URL": f"sqlite:///{folder / 'school.sqlite3'}",
            "MEDIA_ROOT": str(folder / "media"),
            "TMPDIR": str(folder / "temporary"),
        },
        capture_output=True,
        text=True,
        timeout=240,
    )


def rows(process: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    lines = [
        re.split(r" *\| *", line.strip("| ")) for line in process.stdout.splitlines() if line.startswith("|")
    ]
    return [dict(zip(lines[0], line, strict=False)) for line in lines[2:]]


def assert_nothing_left(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"media", "temporary"}
    assert list((folder / "media").iterdir()) == []
    assert list((folder / "temporary").glob("drill-*")) == []


def test_slow_clients_are_held_open_while_students_are_measured(tmp_path: Path) -> None:
    process = drill(tmp_path, "slow-clients", "--each", "5", "--seconds", "1")
    # On a busy machine the ratio of two short measurements may be anything.
    assert process.returncode == 0 or "p95" in process.stderr, process.stderr
    idle, attacked = rows(process)
    assert (idle["hostile connections"], attacked["hostile connections"]) == ("0", "15")
    assert int(attacked["requests"]) > 0
    assert_nothing_left(tmp_path)


def test_every_job_ends_once_whatever_is_killed(tmp_path: Path) -> None:
    process = drill(tmp_path, "kills", "--seconds", "6")
    assert process.returncode == 0, process.stdout + process.stderr
    (row,) = rows(process)
    assert int(row["jobs accepted"]) > 0
    assert int(row["workers killed"]) + int(row["children killed"]) > 0
    assert [row[name] for name in ("not ended", "ended twice", "orphaned files")] == ["0", "0", "0"]
    assert_nothing_left(tmp_path)


def test_hostile_uploads_are_answered(tmp_path: Path) -> None:
    process = drill(tmp_path, "uploads", "--count", "1", "--kinds", "1")
    (row,) = rows(process)
    assert re.match(r"1 x [24]00", row["answers"]), process.stderr
    assert_nothing_left(tmp_path)


@pytest.mark.skipif(not disk_full.is_possible(), reason="this user may not mount in a namespace")
def test_a_full_disk_is_a_503_and_leaves_no_files(tmp_path: Path) -> None:
    process = drill(tmp_path, "disk-full")
    assert process.returncode == 0, process.stdout + process.stderr
    assert [row["full"] for row in rows(process)] == list(disk_full.SIZES)
    assert {row["with room again"] for row in rows(process)} == {"3 x 200"}
    assert_nothing_left(tmp_path)


@pytest.mark.skipif(not RCLONE.exists(), reason="rclone is not installed")
def test_an_s3_server_that_goes_away_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    process = drill(tmp_path, "storage-away", "--seconds", "5")
    assert process.returncode == 0, process.stdout + process.stderr
    (row,) = rows(process)
    assert row["uploads meanwhile"] == row["503 storage_unavailable"] != "0"
    assert row["jobs accepted"] == row["succeeded"]
    assert [row[name] for name in ("failed", "attempts beyond the first", "names without a file")] == [
        "0"
    ] * 3
    assert_nothing_left(tmp_path)


def test_numbers_must_be_positive(tmp_path: Path) -> None:
    process = drill(tmp_path, "slow-clients", "--each", "0")
    assert (process.returncode, "--each must be positive" in process.stderr) == (2, True)
