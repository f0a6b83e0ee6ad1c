"""The card as files to download: a PNG, and films with the portrait moving in its frame."""

from __future__ import annotations

import contextlib
import io
import math
from dataclasses import replace

import numpy as np
from PIL import UnidentifiedImageError

from dormitory.card.drawing import WINDOW, Card, Facts, placeholder
from dormitory.card.posters import SQUARE, STORY, Poster
from portrait.engine.output.animated_image import STILL_FPS, FrameSequence, read_frames
from portrait.engine.output.encoders import ClipEncoder, encode_png
from portrait.engine.output.formats import GIF, MP4, WEBP, OutputFormat
from portrait.engine.output.provenance import with_provenance

# At the card's own size: a GIF of a portrait is smaller.
FORMATS = (WEBP, replace(GIF, max_side=None), MP4)
# Sharp on a phone and on most pages; two thirds of the pixels of the still card.
FILM_WIDTH = 960
# A still portrait makes a film of one second: some players do not accept one frame.
STILL_FRAMES = 10
# Pixels of the square; the networks reduce larger ones.
SQUARE_WIDTH = 1080
# A story is no shorter than this; a shorter portrait is shown again.
STORY_SECONDS = 6.0


def read_portrait(data: bytes | None, facts: Facts) -> FrameSequence:
    """The moving WebP in ``data``; the outline of a head for None and for a damaged file.

    Raises OSError for a file that cannot be read now.
    """
    if data is not None:
        with contextlib.suppress(UnidentifiedImageError):
            return read_frames(io.BytesIO(data))
    return FrameSequence([placeholder(facts.colour, WINDOW[1])], STILL_FPS)


def card_png(facts: Facts, portrait: FrameSequence) -> bytes:
    """The card at full size with the portrait's first frame. Raises FontError."""
    picture = Card(facts).with_portrait(portrait.frames[0])
    return _stated(encode_png(np.asarray(picture)), facts)


def square_png(facts: Facts, portrait: FrameSequence) -> bytes:
    """The square with the portrait's first frame. Raises FontError."""
    picture = Poster(facts, SQUARE, SQUARE_WIDTH).with_portrait(portrait.frames[0])
    return _stated(encode_png(np.asarray(picture)), facts)


def story_film(facts: Facts, portrait: FrameSequence) -> bytes:
    """The story of 9:16 with the moving portrait, an MP4. Raises FontError and EncodingError."""
    again = max(1, math.ceil(STORY_SECONDS * portrait.fps / len(portrait.frames)))
    frames = portrait.frames * (again if len(portrait.frames) > 1 else 1)
    return _films(Poster(facts, STORY), replace(portrait, frames=frames), facts, (MP4,))[MP4.name]


def card_films(facts: Facts, portrait: FrameSequence) -> dict[str, bytes]:
    """The moving card by format: ``webp``, ``gif`` and ``mp4``. Raises FontError and EncodingError."""
    return _films(Card(facts, FILM_WIDTH), portrait, facts, FORMATS)


def _films(
    card: Card, portrait: FrameSequence, facts: Facts, formats: tuple[OutputFormat, ...]
) -> dict[str, bytes]:
    width, height = card.size
    with ClipEncoder(fps=portrait.fps, width=width, height=height, formats=formats) as encoder:
        shown, picture = None, np.empty(0, np.uint8)
        for frame in portrait.frames if len(portrait.frames) > 1 else portrait.frames * STILL_FRAMES:
            # Repeated frames are drawn once.
            if frame is not shown:
                shown, picture = frame, np.asarray(card.with_portrait(frame))
            encoder.write(picture[None])
        clip = encoder.finish()
    return {row.name: _stated(clip.files[row.name], facts) for row in formats}


def _stated(data: bytes, facts: Facts) -> bytes:
    """``data`` with provenance metadata if there is a portrait, which is machine-made."""
    return with_provenance(data) if facts.moving else data
