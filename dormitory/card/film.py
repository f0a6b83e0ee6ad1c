"""The card with its portrait moving in the frame, as the files that one keeps."""

from __future__ import annotations

import contextlib
import io

import numpy as np
from PIL import UnidentifiedImageError

from dormitory.card.drawing import WINDOW, Card, Facts, placeholder
from portrait.engine.output.clip import STILL_FPS, Loop, read_loop
from portrait.engine.output.encoders import ClipEncoder, encode_png
from portrait.engine.output.formats import MOVING
from portrait.engine.output.provenance import with_provenance

# Sharp on a phone and on most pages; two thirds of the pixels of the still card.
FILM_WIDTH = 960
# A portrait that does not move yet makes a film of one second, for programs that want no film of one frame.
STILL_FRAMES = 10


def read_portrait(data: bytes | None, facts: Facts) -> Loop:
    """The frames of a moving WebP or of the still; the outline of a head for None and for a damaged file."""
    if data is not None:
        with contextlib.suppress(UnidentifiedImageError):
            return read_loop(io.BytesIO(data))
    return Loop([placeholder(facts.colour, WINDOW[1])], STILL_FPS)


def card_png(facts: Facts, portrait: Loop) -> bytes:
    """The card at full size with the portrait's first frame. Raises FontError."""
    picture = Card(facts).with_portrait(portrait.frames[0])
    return _stated(encode_png(np.asarray(picture)), facts)


def card_films(facts: Facts, portrait: Loop) -> dict[str, bytes]:
    """The moving card by format: ``webp``, ``gif`` and ``mp4``. Raises FontError and EncodingError."""
    card = Card(facts, FILM_WIDTH)
    width, height = card.size
    with ClipEncoder(fps=portrait.fps, width=width, height=height) as encoder:
        shown, picture = None, np.empty(0, np.uint8)
        for frame in portrait.frames if len(portrait.frames) > 1 else portrait.frames * STILL_FRAMES:
            # A frame that stays is drawn once.
            if frame is not shown:
                shown, picture = frame, np.asarray(card.with_portrait(frame))
            encoder.write(picture[None])
        clip = encoder.finish()
    return {row.name: _stated(clip.files[row.name], facts) for row in MOVING}


def _stated(data: bytes, facts: Facts) -> bytes:
    """Only a portrait that a machine has painted says so; the still is the student's own photo."""
    return with_provenance(data) if facts.moving else data
