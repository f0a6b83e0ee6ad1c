"""``manage.py benchmark_queue`` measures both queues and leaves the database alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.paths import ROOT


def run(folder: Path, *arguments: str) -> str:
    database = folder / "school.sqlite3"
    database.write_bytes(b"")
    process = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{database}", "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert process.returncode == 0, process.stderr
    assert database.read_bytes() == b""
    return process.stdout


def test_both_queues_are_measured(tmp_path: Path) -> None:
    out = run(tmp_path, "benchmark_queue", "--jobs", "8", "--workers", "1")
    rows = re.findall(r"^\| (database|celery) \| (\d+) \| (\d+) \| ([\d.]+) \| (\d+) \|$", out, re.M)
    assert [row[0] for row in rows] == ["database", "celery"]
