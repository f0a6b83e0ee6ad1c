"""deploy/backup.sh: a database as of one moment, and files of which unchanged ones take no room."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from itertools import count
from pathlib import Path

import pytest

from tests.paths import ROOT

# The script names backups by the second, which a test would have to wait for.
NUMBERS = count()


@pytest.fixture
def school(tmp_path: Path) -> Path:
    """A folder with a database, and a media folder with a portrait, a card and a file that is being written."""
    for program in ("sqlite3", "rsync"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program}")
    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        database.executescript(
            "PRAGMA journal_mode=WAL; CREATE TABLE student(name); INSERT INTO student VALUES('luna');"
        )
    for name in ("portraits/k/1-a.webp", "portraits/k/.1-b.webp.part", "photos/k.jpg", "cards/1/own.png"):
        (tmp_path / "media" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "media" / name).write_text(name)
    return tmp_path


def back_up(school: Path, keep: int = 14) -> Path:
    """The folder of a new backup, renamed so that the next one sorts after it."""
    done = subprocess.run(
        [ROOT / "deploy" / "backup.sh", school / "backups"],
        env={
            **os.environ,
            "DATABASE_URL": f"sqlite:///{school / 'db.sqlite3'}",
            "MEDIA_ROOT": str(school / "media"),
            "KEEP": str(keep),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    made = Path(done.stdout.strip())
    return made.rename(made.with_name(f"20200101-{next(NUMBERS):06}"))


def test_a_backup_has_the_rows_and_the_files_that_cannot_be_made_again(school: Path) -> None:
    made = back_up(school)
    with sqlite3.connect(made / "database.sqlite3") as database:
        assert database.execute("SELECT name FROM student").fetchall() == [("luna",)]
    files = {str(path.relative_to(made / "media")) for path in (made / "media").rglob("*") if path.is_file()}
    assert files == {"portraits/k/1-a.webp", "photos/k.jpg"}


def test_only_its_owner_reads_a_backup(school: Path) -> None:
    assert back_up(school).stat().st_mode & 0o077 == 0


def test_a_file_that_did_not_change_is_stored_once(school: Path) -> None:
    first, second = (back_up(school) / "media" / "portraits" / "k" / "1-a.webp" for _ in range(2))
    assert first.samefile(second)


def test_the_oldest_backups_are_deleted(school: Path) -> None:
    made = [back_up(school) for _ in range(3)]
    last = back_up(school, keep=2)
    assert [folder for folder in made if folder.exists()] == [made[2]]
    assert last.exists()
