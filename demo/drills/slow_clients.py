"""``drill slow-clients``: slow bodies, slow headers and silent connections, while students use the school."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from demo.browser import running_school
from demo.drills.clients import Measured, signed_up, visited
from demo.drills.outcome import Outcome
from demo.measuring import percentile

GOAL = 2.0
# Until all connections of the attack are open.
PATIENCE = 20.0


def run(folder: Path, *, each: int, seconds: float) -> Outcome:
    """``each`` connections of three kinds; the students are measured for ``seconds`` before and during the attack."""
    with running_school(folder, seed_demo=None, command="serve_api") as school:
        student = signed_up(school.url, "luna")
        visited(student, min(2.0, seconds))
        idle = visited(student, seconds)
        with _attack(urlsplit(school.url).port or 0, each) as attack:
            opened = _opened(attack, each)
            attacked = visited(student, seconds)
            after = _ask(attack)
    rows = [
        ("idle", 0, *_row(idle), "", ""),
        (
            "under attack",
            opened,
            *_row(attacked),
            sum(after["ended"].values()),
            f"{_ratio(idle, attacked):.2f}",
        ),
    ]
    faults = []
    if opened < 3 * each:
        faults.append(f"only {opened} of {3 * each} connections were open")
    if set(idle.statuses) | set(attacked.statuses) != {200}:
        faults.append(f"students got {dict(idle.statuses)} and under attack {dict(attacked.statuses)}")
    if _ratio(idle, attacked) >= GOAL:
        faults.append(
            f"p95 under attack is {_ratio(idle, attacked):.2f} times the idle one; the goal is {GOAL:g}"
        )
    head = (
        "students",
        "hostile connections",
        "requests",
        "p50 ms",
        "p95 ms",
        "connections ended",
        "ratio of p95",
    )
    return Outcome(head, rows, faults)


def _row(measured: Measured) -> tuple[object, ...]:
    times = (f"{percentile(measured.seconds, percent) * 1000:.1f}" for percent in (50, 95))
    return (len(measured.seconds), *times)


def _ratio(idle: Measured, attacked: Measured) -> float:
    return percentile(attacked.seconds, 95) / percentile(idle.seconds, 95)


def _attack(port: int, each: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "demo.drills.slow_attack", str(port), str(each)],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _ask(attack: subprocess.Popen[str]) -> dict[str, Any]:
    assert attack.stdin and attack.stdout
    attack.stdin.write("\n")
    attack.stdin.flush()
    answer: dict[str, Any] = json.loads(attack.stdout.readline())
    return answer


def _opened(attack: subprocess.Popen[str], each: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while (opened := sum(_ask(attack)["open"].values())) < 3 * each and time.monotonic() < deadline:
        time.sleep(0.2)
    return opened
