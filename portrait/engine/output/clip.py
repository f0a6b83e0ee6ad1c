"""A moving picture read back, at one pace: encoders merge frames that look the same into one that stays longer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO

from PIL import Image, ImageSequence

# What a picture that does not move is taken for, and the shortest time that a browser shows a frame.
STILL_FPS = 10.0
SHORTEST = 20.0  # milliseconds


@dataclass(frozen=True)
class Loop:
    """At least one RGB picture, each shown for ``1 / fps`` seconds; one that stays longer is there several times."""

    frames: list[Image.Image]
    fps: float


def read_loop(source: Path | IO[bytes]) -> Loop:
    """An animated WebP or GIF, or a picture that stands still. Raises OSError, also for what is no picture."""
    frames, milliseconds = [], []
    with Image.open(source) as picture:
        for frame in ImageSequence.Iterator(picture):
            # Pillow tells a frame's own time only once it has been read.
            frames.append(frame.convert("RGB"))
            milliseconds.append(float(picture.info.get("duration", 0)))
    if len(frames) == 1:
        return Loop(frames, STILL_FPS)
    beat = max(SHORTEST, min(milliseconds))
    held = [
        frame
        for frame, time in zip(frames, milliseconds, strict=True)
        for _ in range(max(1, round(time / beat)))
    ]
    return Loop(held, 1000 * len(held) / max(sum(milliseconds), beat))
