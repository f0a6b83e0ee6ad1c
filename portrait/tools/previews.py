"""Previews of the styles and the motions: animations of some ten kilobytes each."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from portrait.engine.errors import EncodingError
from portrait.engine.output.ai_mark import stamp
from portrait.engine.output.animated_image import read_frames
from portrait.engine.output.provenance import with_provenance

SIDE = 112
MAX_BYTES = 60_000
# Frame steps that are tried in turn. Half of 25 frames a second looks smooth at this size; a long motion needs fewer.
FRAME_STEPS = (2, 3, 4, 5)
QUALITIES = (60, 45, 30)


@dataclass(frozen=True)
class Preview:
    """An animated WebP of at most ``MAX_BYTES``, and its first frame as a JPEG."""

    webp: bytes
    still: bytes


def make_preview(portrait: bytes) -> Preview:
    """The preview of an animated WebP, with AI mark and provenance as a portrait has them.

    Raises EncodingError where the lowest quality still has too many bytes.
    """
    sequence = read_frames(io.BytesIO(portrait))
    return preview_of((np.asarray(frame) for frame in sequence.frames), sequence.fps)


def preview_of(frames: Iterable[NDArray[np.uint8]], fps: float) -> Preview:
    """The preview of a clip without the mark, uint8 (H, W, 3) each. Raises EncodingError as :func:`make_preview`."""
    size = (SIDE, SIDE)
    small = [Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS) for frame in frames]
    marked = stamp(np.stack([np.asarray(frame) for frame in small]))
    still = io.BytesIO()
    Image.fromarray(marked[0]).save(still, "JPEG", quality=80, optimize=True)
    for step in FRAME_STEPS:
        for quality in QUALITIES:
            webp = with_provenance(_encoded(marked[::step], 1000 * step / fps, quality))
            if len(webp) <= MAX_BYTES:
                return Preview(webp, still.getvalue())
    raise EncodingError(f"A preview of {len(small)} frames cannot be made smaller than {MAX_BYTES} bytes.")


def _encoded(frames: NDArray[np.uint8], milliseconds: float, quality: int) -> bytes:
    first, *rest = (Image.fromarray(frame) for frame in frames)
    out = io.BytesIO()
    first.save(
        out,
        "WEBP",
        save_all=True,
        append_images=rest,
        duration=round(milliseconds),
        loop=0,
        quality=quality,
        method=6,
        # Without keyframes, which a short loop does not need, the file is a third smaller.
        allow_mixed=False,
        kmax=0,
    )
    return out.getvalue()
