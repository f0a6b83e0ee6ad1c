"""``drill disk-full``: the media folder, the database and the temporary folder run out of space, one after another.

Each lies on a small file system of its own, in a mount namespace that ends with the drill.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import skimage.data
from PIL import Image

from demo.browser import School, running_school
from demo.drills.clients import Client, signed_up
from demo.drills.outcome import Outcome

MEGABYTE = 2**20
# The cleaned photo and the still of an accepted one.
FILES_OF_PHOTO = 2
SIZES = {"media": 4, "database": 8, "temporary files": 4}
# Gives the program of a command line a mount namespace of its own; None where the system has none.
UNSHARE = shutil.which("unshare")
NAMESPACE = (UNSHARE or "", "--user", "--map-root-user", "--mount")


def is_possible() -> bool:
    """Whether this user may mount a file system in a namespace."""
    if UNSHARE is None:
        return False
    probe = ["sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    return subprocess.run([*NAMESPACE, *probe], capture_output=True).returncode == 0


def run(folder: Path) -> Outcome:
    """Fill each file system, send a photo and a sign-up, make room again, and send them again."""
    folders = {name: folder / name.replace(" ", "-") for name in SIZES}
    for name, path in folders.items():
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZES[name]}m", "tmpfs", path], check=True)
    rows: list[tuple[object, ...]] = []
    faults: list[str] = []
    try:
        with running_school(
            folder,
            seed_demo=None,
            command="serve_api",
            DATABASE_URL=f"sqlite:///{folders['database'] / 'db.sqlite3'}",
            MEDIA_ROOT=str(folders["media"]),
            TMPDIR=str(folders["temporary files"]),
        ) as school:
            student = signed_up(school.url, "luna")
            for name, path in folders.items():
                before = _files(folders["media"])
                filler = path / "filler"
                _fill(filler)
                during = _answers(school, student, f"full{len(rows)}")
                filler.unlink()
                left = len(_files(folders["media"]) - before)
                after = _answers(school, student, f"again{len(rows)}")
                rows.append((name, _words(during), left, _words(after)))
                if set(during) & {500} or (left and 200 not in during):
                    faults.append(f"{name} full: {_words(during)}, {left} files left")
                if set(after) != {200}:
                    faults.append(f"{name} with room again: {_words(after)}")
    finally:
        for path in folders.values():
            subprocess.run(["umount", "--lazy", path], check=False)
    return Outcome(("full", "photo, sign-up, reading", "files left", "with room again"), rows, faults)


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        for size in (MEGABYTE, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def _answers(school: School, student: Client, name: str) -> Counter[int]:
    photo = school_photo()
    account = f'{{"fullname": "{name}", "username": "{name}", "password": "a-good-long-one"}}'
    return Counter(
        [
            student.upload(photo)[0],
            Client(school.url).ask("POST", "/user/", account.encode())[0],
            student.ask("GET", "/user/me/")[0],
        ]
    )


def school_photo() -> bytes:
    """A JPEG with a face, of about 200 KB."""
    file = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()).save(file, "JPEG", quality=98)
    return file.getvalue()


def _files(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*") if path.is_file()}


def _words(answers: Counter[int]) -> str:
    return ", ".join(f"{number} x {status or 'no answer'}" for status, number in sorted(answers.items()))
