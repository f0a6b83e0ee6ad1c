"""``manage.py benchmark_lounge`` measures both versions and leaves the database alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from django.conf import settings


def test_it_prints_queries_and_times_and_touches_no_database(tmp_path: Path) -> None:
    folder = tmp_path / "school"
    folder.mkdir()
    database = folder / "school.sqlite3"
    database.write_bytes(b"")
    process = subprocess.run(
        [
            sys.executable,
            "manage.py",
            "benchmark_lounge",
            *("--students", "30", "--entries", "60", "--runs", "3", "--seconds", "1"),
        ],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{database}", "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    rows = re.findall(r"^(as it is|a query per relation) +(\d+) +[\d.]+ +[\d.]+$", process.stdout, re.M)
    queries = {title: int(number) for title, number in rows}
    assert queries["as it is"] <= 8
    # Author and house of each of the 60 entries.
    assert queries["a query per relation"] > 120
    rates = re.findall(r"^GET /lounge/gallery/, ([\w ]+?) +(\d+) +[\d.]+ +[\d.]+$", process.stdout, re.M)
    assert [name for name, _rate in rates] == ["newest", "random", "by name"]
    assert database.read_bytes() == b""
    assert [path.name for path in folder.iterdir()] == [database.name]
