"""How many frames a second the player of live portraits shows in Chromium without a GPU."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

from demo.player_page import PlayerPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Number of portraits, and the side of each in CSS pixels.
CASES = ((1, 512), (10, 150), (30, 150))
WIDTH, HEIGHT = 1100, 800
# Seconds in which all portraits are loaded, at most.
STARTING = 120.0
# Until the player has chosen how many pixels it draws.
SETTLING = 4.0
# Seconds between two movements of the pointer.
STEP = 0.05
STATE = """async () => {
  const { theStage } = await import("/web/lib/live/stage.js");
  return [theStage().drawn, theStage().scale, performance.now() / 1000];
}"""


@dataclass(frozen=True)
class Played:
    """``frames``: a second. ``cpu``: seconds of the processor for a frame, of all of the browser's processes.

    ``scale``: the pixels that the player draws at the end, of those of the screen, each side.
    """

    frames: float
    cpu: float
    scale: float


def measure(browser: Browser, web: Path, count: int, side: int, *, seconds: float, followed: bool) -> Played:
    """Let ``count`` portraits play for ``seconds``.

    ``web``: the folder with the player, and with portraits below ``art/``, each of which is loaded again for each
    element. ``followed``: all look at a pointer that never rests, so that each frame draws every portrait again.
    """
    files = list(islice(cycle(sorted((web / "art").rglob("*.live"))), count))
    follow = "follow" if followed else ""
    body = "".join(
        f'<moving-portrait {follow} src="/{number}.live" style="inline-size:{side}px"></moving-portrait>'
        for number in range(count)
    )
    portraits = {f"/{number}.live": file.read_bytes() for number, file in enumerate(files)}
    shown = PlayerPage(browser, web, body, portraits, viewport={"width": WIDTH, "height": HEIGHT})
    try:
        page = shown.play(timeout=STARTING)
        _spend(page, SETTLING, followed=followed)
        before, used = page.evaluate(STATE), _processor_seconds()
        _spend(page, seconds, followed=followed)
        after, spent = page.evaluate(STATE), _processor_seconds()
    finally:
        shown.context.close()
    drawn = max(1, after[0] - before[0])
    cpu = sum(value - used.get(pid, 0.0) for pid, value in spent.items())
    return Played(drawn / (after[2] - before[2]), cpu / drawn, after[1])


def _spend(page: Page, seconds: float, *, followed: bool) -> None:
    """Wait, and move the pointer to and fro if it is ``followed``."""
    end = time.monotonic() + seconds
    number = 0
    while (left := end - time.monotonic()) > 0:
        if followed:
            number += 1
            # Slowly enough to be no wave.
            across = abs(number * STEP / 2 % 2 - 1)
            page.mouse.move(across * (WIDTH - 1), HEIGHT / 2)
        page.wait_for_timeout(min(left, STEP if followed else seconds) * 1000)


def _processor_seconds() -> dict[int, float]:
    """Of each process that this one started, or that one of those did. Empty without ``/proc``."""
    children: dict[int, list[tuple[int, float]]] = {}
    for pid, parent, seconds in _processes():
        children.setdefault(parent, []).append((pid, seconds))
    found: dict[int, float] = {}
    waiting = [os.getpid()]
    while waiting:
        for pid, seconds in children.get(waiting.pop(), []):
            found[pid] = seconds
            waiting.append(pid)
    return found


def _processes() -> Iterator[tuple[int, int, float]]:
    """The number of each process, its parent's, and its seconds of the processor (proc(5))."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # It has ended.
        yield int(entry.parent.name), int(fields[1]), sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
