"""One attempt at an errand: a task as ``portrait.worker.attempt.make_portrait`` is one."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from portrait.engine.motion.template import write_motion
from portrait.engine.photo.choice import LARGEST, framed_photo, require_face
from portrait.engine.photo.crop import FaceBox, crop_face
from portrait.engine.photo.decoding import read_photo
from portrait.engine.photo.face_detection import face_detector
from portrait.engine.pipeline import Engine
from portrait.engine.request import PERFORMED
from portrait.motion_making.performing import perform
from portrait.worker.attempt import load_engine
from portrait.worker.messages import ErrandDone, ErrandOrder, Progress

PREVIEWS = "previews"
# The side that a still is painted at, and that of the picture that is kept.
PAINTED_SIDE, PREVIEW_SIDE = 256, 176


def run_errand(order: ErrandOrder, report: Progress) -> ErrandDone:
    """Write the result into the order's folder. Raises EngineError."""
    engine: Engine = load_engine(order.options)
    result = Path(order.folder) / "result"
    if order.kind == PREVIEWS:
        result.write_bytes(json.dumps(previews(engine, order, report)).encode())
        return ErrandDone(result.name)
    motion = perform(Path(order.source), PERFORMED, engine.model)
    write_motion(result, motion)
    return ErrandDone(result.name)


def previews(engine: Engine, order: ErrandOrder, report: Progress) -> dict[str, str]:
    """A painted still of the photo's face in each style: a JPEG in base64 by the style's name.

    Own paintings are among them. Raises EngineError.
    """
    for file in order.own_styles.values():
        engine.learn(Path(file).read_bytes())
    styles = (*engine.styles, *order.own_styles)
    picture = read_photo(Path(order.source).read_bytes())
    if order.face:
        face = FaceBox(**order.face)
    else:
        upright, found = framed_photo(
            picture, face_detector(engine.options.checkpoints, engine.device), LARGEST
        )
        picture, face = upright.picture, require_face(found)
    crop = crop_face(picture, face, PAINTED_SIDE)
    found_previews = {}
    for number, style in enumerate(styles, 1):
        preview = engine.preview(crop, style, PREVIEW_SIDE)
        found_previews[style] = base64.b64encode(preview).decode("ascii")
        report("painting", number / len(styles))
    return found_previews
