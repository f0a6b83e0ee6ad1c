"""Reading an animated image back as frames at a constant rate.

Encoders merge equal neighbouring frames into one with a longer duration; they are repeated here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO

from PIL import Image, ImageSequence

STILL_FPS = 10.0  # of an image with a single frame
MIN_DURATION = 20.0  # milliseconds; browsers do not show a frame for a shorter time


@dataclass(frozen=True)
class FrameSequence:
    """At least one RGB image, each shown for ``1 / fps`` seconds."""

    frames: list[Image.Image]
    fps: float


def read_frames(source: Path | IO[bytes]) -> FrameSequence:
    """The frames of an animated WebP or GIF, or of a still image. Raises OSError, also for other files."""
    frames, durations = [], []
    with Image.open(source) as image:
        for frame in ImageSequence.Iterator(image):
            # Pillow sets the duration of a frame when it is decoded.
            frames.append(frame.convert("RGB"))
            durations.append(float(image.info.get("duration", 0)))
    if len(frames) == 1:
        return FrameSequence(frames, STILL_FPS)
    unit = max(MIN_DURATION, min(durations))
    repeated = [
        frame
        for frame, duration in zip(frames, durations, strict=True)
        for _ in range(max(1, round(duration / unit)))
    ]
    return FrameSequence(repeated, 1000 * len(repeated) / max(sum(durations), unit))
