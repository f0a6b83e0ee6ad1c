"""Sheets of painted portraits, for the documentation: all styles on several faces, and all orders.

They are drawn from a photo that may be published, with the weights that ship.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass

from PIL import Image

from portrait.engine.output.provenance import with_provenance
from portrait.engine.photo.crop import crop_face
from portrait.engine.photo.picture import Picture
from portrait.engine.pipeline import Engine
from portrait.engine.request import ORDERS
from portrait.tools.contact_sheets import characteristic_frames
from portrait.tools.sheet_drawing import (
    MARGIN,
    Sheet,
    animated,
    detected_face,
    face_crop,
    seconds_label,
)

TILE = 168  # pixels
LABEL_WIDTH = 2 * MARGIN
# The gallery's faces besides the photo: a motion and the frame's position in it, 0..1.
POSES = (("smile", 0.45), ("proud-turn", 0.45), ("talking", 0.26))
# The styles, the motion and the number of frames of the sheet of both orders.
ORDER_STYLES, ORDER_MOTION, ORDER_FRAMES = ("woman-with-a-hat", "starry-night"), "proud-turn", 5
CLOSE_UP = 0.72  # the close-up's side, relative to the crop's


@dataclass(frozen=True)
class Face:
    """A column of the gallery: uint8 (S, S, 3) and its heading."""

    title: str
    picture: Picture


def gallery(engine: Engine, photo: Picture) -> bytes:
    """All of the engine's styles on several faces made from ``photo``, a row for each style. A PNG of 256 colours.

    Raises NoFaceError.
    """
    faces = gallery_faces(engine, photo)
    styles = engine.painter.styles
    sheet = Sheet(len(faces), 1 + len(styles), tile=TILE, margin=LABEL_WIDTH)
    sheet.label(0, "photo")
    for column, face in enumerate(faces):
        sheet.heading(column, face.title)
        sheet.picture(0, column, face.picture)
    for row, style in enumerate(styles, 1):
        sheet.label(row, style.title["en"], style.painter["en"], style.year)
        for column, face in enumerate(faces):
            sheet.picture(row, column, engine.painted_photo(face.picture, style.slug).painting)
    # Brush strokes compress badly: a file with all colours would be three times as large.
    file = io.BytesIO()
    sheet.image.quantize(256, Image.Quantize.MEDIANCUT).save(file, "PNG", optimize=True)
    return with_provenance(file.getvalue())


def orders_sheet(engine: Engine, photo: Picture) -> bytes:
    """``photo`` in each order of animating and painting, below each other. A WebP.

    Raises NoFaceError, ChoiceError where a style or the motion does not exist.
    """
    subject = engine.subject(face_crop(engine, photo))
    motion = engine.motion(ORDER_MOTION)
    shown = characteristic_frames(motion, ORDER_FRAMES)
    sheet = Sheet(len(shown), len(ORDER_STYLES) * len(ORDERS), tile=TILE, margin=LABEL_WIDTH)
    for column, frame in enumerate(shown):
        sheet.heading(column, seconds_label(frame, motion))
    for row, (style, order) in enumerate(itertools.product(ORDER_STYLES, ORDERS)):
        sheet.label(row, order.replace("-", " "))
        frames = engine.frames(engine.painted(subject, style), motion.only(shown), order)
        for column, picture in enumerate(frames):
            sheet.picture(row, column, picture)
    return sheet.webp()


def gallery_faces(engine: Engine, photo: Picture) -> list[Face]:
    """The photo's face as it is, in the poses whose motions the engine has, and as a close-up."""
    source = face_crop(engine, photo)
    faces = [Face("as it is", source)]
    for name, position in POSES:
        if name in engine.motions:
            motion = engine.motion(name)
            posed = animated(engine, source, motion.only((0, round(position * len(motion)))))[1]
            faces.append(Face(motion.title.get("en", name).lower(), posed))
    large = crop_face(photo, detected_face(engine, photo), round(len(source) / CLOSE_UP))
    edge = (len(large) - len(source)) // 2
    faces.append(Face("from nearer", large[edge : edge + len(source), edge : edge + len(source)]))
    return faces
