"""``drill uploads``: pictures that are small as files and large when decoded, sent at the same time."""

from __future__ import annotations

import io
import threading
import time
from collections import Counter
from pathlib import Path

from PIL import Image

from demo.browser import running_school
from demo.drills.clients import Client, Visitors, signed_up
from demo.drills.outcome import Outcome
from demo.measuring import percentile

MEGABYTE = 2**20
# The most that uploads at the same time may add to the server's memory.
GOAL = 300 * MEGABYTE


def pictures() -> dict[str, bytes]:
    """One flat picture of each kind, below the limit of 10 MB and at or near the limits of pixels."""
    return {
        "WebP 5000 x 5000": _encoded("WEBP", 5000, lossless=True),
        "PNG 5000 x 5000": _encoded("PNG", 5000),
        "JPEG 7000 x 7000": _encoded("JPEG", 7000),
        "JPEG 4000 x 3000": _encoded("JPEG", 4000, 3000),
    }


def _encoded(kind: str, width: int, height: int | None = None, *, lossless: bool | None = None) -> bytes:
    file = io.BytesIO()
    options = {} if lossless is None else {"lossless": lossless, "method": 0}
    Image.new("RGB", (width, height or width), (200, 120, 40)).save(file, kind, **options)
    return file.getvalue()


def run(folder: Path, *, count: int, kinds: int) -> Outcome:
    """``count`` uploads at once of each of the first ``kinds`` pictures."""
    rows: list[tuple[object, ...]] = []
    faults = []
    with running_school(folder, seed_demo=None, command="serve_api") as school:
        students = [signed_up(school.url, f"student{number}") for number in range(count)]
        visitor = signed_up(school.url, "luna")
        for name, picture in list(pictures().items())[:kinds]:
            _forget_peak(school.pid)
            before = _memory(school.pid, "VmRSS")
            with Visitors(visitor) as visitors:
                begin = time.monotonic()
                answers = _upload_all(students, picture)
                seconds = time.monotonic() - begin
            more = _memory(school.pid, "VmHWM") - before
            rows.append(
                (
                    name,
                    f"{len(picture):,} bytes",
                    ", ".join(f"{number} x {answer}" for answer, number in sorted(answers.items())),
                    f"{seconds:.1f} s",
                    f"{before / MEGABYTE:.0f} MB",
                    f"{more / MEGABYTE:.0f} MB",
                    f"{percentile(visitors.measured.seconds, 95) * 1000:.0f} ms",
                )
            )
            if more > GOAL:
                faults.append(f"{name}: {more / MEGABYTE:.0f} MB more, the goal is {GOAL / MEGABYTE:.0f}")
            if any(answer.startswith(("0", "5")) for answer in answers):
                faults.append(f"{name}: {dict(answers)}")
    head = (
        f"{count} at once",
        "file",
        "answers",
        "all answered",
        "RSS before",
        "more at the peak",
        "p95 of others",
    )
    return Outcome(head, rows, faults)


def _upload_all(students: list[Client], picture: bytes) -> Counter[str]:
    answers: Counter[str] = Counter()

    def upload(student: Client) -> None:
        status, document = student.upload(picture)
        answers[f"{status} {document.get('code', '')}".strip()] += 1

    threads = [threading.Thread(target=upload, args=(student,)) for student in students]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _memory(pid: int, name: str) -> int:
    """A line of /proc/PID/status in bytes: VmRSS is the memory now, VmHWM the peak."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(name)


def _forget_peak(pid: int) -> None:
    """Reset the peak (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
