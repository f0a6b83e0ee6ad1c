"""Contact sheets of the motions, for the documentation: frames of a motion at several strengths.

They are drawn from a photo that may be published, with the weights that ship.
"""

from __future__ import annotations

import numpy as np

from portrait.engine.motion import Motion
from portrait.engine.motion.affine import inv2, log2
from portrait.engine.motion.loop_closing import JACOBIAN_WEIGHT
from portrait.engine.motion.strength import at_strength
from portrait.engine.photo.picture import Picture
from portrait.engine.pipeline import Engine
from portrait.engine.request import MAX_STRENGTH, MIN_STRENGTH
from portrait.tools.sheet_drawing import Sheet, animated, face_crop, seconds_label

STRENGTHS = (MIN_STRENGTH, 1.0, MAX_STRENGTH)
SHOWN_FRAMES = 10
TILE = 120  # pixels


def characteristic_frames(motion: Motion, count: int = SHOWN_FRAMES) -> list[int]:
    """Indices of the first frame and of ``count`` - 1 frames far from it, one from each equal part of the time.

    Evenly spaced frames would miss a blink, which lasts two or three frames.
    """
    offset = (motion.value - motion.value[:1]).reshape(len(motion), -1)
    distance = np.abs(offset).max(axis=1)
    if motion.jacobian is not None:
        change = np.abs(log2(motion.jacobian @ inv2(motion.jacobian[:1]))).reshape(len(motion), -1)
        distance = distance + JACOBIAN_WEIGHT * change.max(axis=1)
    parts = np.array_split(np.arange(1, len(motion)), count - 1)
    return [0, *(int(part[distance[part].argmax()]) for part in parts)]


def contact_sheet(engine: Engine, photo: Picture, name: str) -> bytes:
    """The motion ``name`` on ``photo``, unpainted, with a row of frames for each strength. A WebP.

    Raises NoFaceError, ChoiceError, MotionFileError, as the engine does.
    """
    source = face_crop(engine, photo)
    motion = engine.motion(name)
    shown = characteristic_frames(motion)
    sheet = Sheet(SHOWN_FRAMES, len(STRENGTHS), tile=TILE)
    for column, frame in enumerate(shown):
        sheet.heading(column, seconds_label(frame, motion))
    for row, strength in enumerate(STRENGTHS):
        sheet.label(row, f"x {strength:g}")
        for column, frame in enumerate(animated(engine, source, at_strength(motion, strength).only(shown))):
            sheet.picture(row, column, frame)
    return sheet.webp()
