"""The tile: a small animated WebP with a limit in bytes, for lists of many portraits.

Its frames are collected while the clip is made, and encoded when the clip is complete: it is encoded again with
fewer bits until it is small enough, which takes a tenth of a second each time.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Frames a second, or the next lower rate that leaves out whole frames.
TILE_FPS = 12.5
# libwebp's qualities, the best first. Below 20 the blocks of the codec are seen.
QUALITIES = (60, 45, 36, 28, 20)
# At the last quality the frames are reduced to every second, fourth, ... before the quality falls further.
LAST_QUALITY = 10
EFFORT = 2


class TileEncoder:
    """Collects frames of a clip and encodes them as one WebP that loops endlessly, in ``max_bytes`` or less.

    The tile's duration is the clip's, so that the loop closes as that of the clip does.
    """

    def __init__(self, *, fps: float, width: int, height: int, max_bytes: int) -> None:
        self.fps = fps
        self.size = (width, height)
        self.max_bytes = max_bytes
        self.step = math.ceil(fps / TILE_FPS - 1e-6)
        self.seen = 0
        self._kept: list[Image.Image] = []

    def write(self, frames: NDArray[np.uint8]) -> None:
        """Take uint8 (N, H, W, 3), RGB, of any size."""
        first = -self.seen % self.step
        for frame in frames[first :: self.step]:
            self._kept.append(Image.fromarray(frame).resize(self.size, Image.Resampling.BOX))
        self.seen += len(frames)

    def finish(self) -> bytes:
        """The file, in the best quality that fits. At least one frame must have been written."""
        for quality in QUALITIES:
            data = self._encode(1, quality)
            if len(data) <= self.max_bytes:
                return data
        skip = 1
        while len(data) > self.max_bytes and skip < len(self._kept):
            skip *= 2
            data = self._encode(skip, LAST_QUALITY)
        return data

    def _encode(self, skip: int, quality: int) -> bytes:
        frames = self._kept[::skip]
        out = io.BytesIO()
        frames[0].save(
            out,
            "WEBP",
            save_all=True,
            append_images=frames[1:],
            duration=self._durations(len(frames), skip * self.step),
            loop=0,
            quality=quality,
            method=EFFORT,
        )
        return out.getvalue()

    def _durations(self, count: int, step: int) -> Sequence[int]:
        """Milliseconds of each frame, from its rounded start to that of the next; the last to the clip's end."""
        starts = [round(1000 * index * step / self.fps) for index in range(count)]
        ends = [*starts[1:], round(1000 * self.seen / self.fps)]
        return [max(1, end - start) for start, end in zip(starts, ends, strict=True)]
