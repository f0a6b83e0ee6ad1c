"""Sheets of painted portraits, for the documentation: all styles on several faces, and both orders.

They are drawn from a photo that may be published, with the weights that ship.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass

import numpy as np
from PIL import Image

from portrait.engine.output.provenance import with_provenance
from portrait.engine.photo.crop import CROP_SIZE, crop_face
from portrait.engine.photo.picture import Picture
from portrait.engine.pipeline import Engine
from portrait.engine.request import ANIMATE_THEN_PAINT, ORDERS
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
    """A column of the gallery: uint8 (256, 256, 3) and its heading."""

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
            sheet.picture(row, column, engine.paint_still(face.picture, style.slug))
    # Brush strokes compress badly: a file with all colours would be three times as large.
    file = io.BytesIO()
    sheet.image.quantize(256, Image.Quantize.MEDIANCUT).save(file, "PNG", optimize=True)
    return with_provenance(file.getvalue())


def orders_sheet(engine: Engine, photo: Picture) -> bytes:
    """``photo`` animated and then painted, and painted and then animated, below each other. A WebP.

    Raises NoFaceError, ChoiceError where a style or the motion does not exist.
    """
    source = face_crop(engine, photo)
    motion = engine.motion(ORDER_MOTION)
    shown = characteristic_frames(motion, ORDER_FRAMES)
    frames = animated(engine, source, motion)
    sheet = Sheet(len(shown), len(ORDER_STYLES) * len(ORDERS), tile=TILE, margin=LABEL_WIDTH)
    for column, frame in enumerate(shown):
        sheet.heading(column, seconds_label(frame, motion))
    for row, (style, order) in enumerate(itertools.product(ORDER_STYLES, ORDERS)):
        sheet.label(row, order.replace("-", " "))
        if order == ANIMATE_THEN_PAINT:
            painted = np.concatenate(list(engine.paint(frames, style, photo=source)))
        else:
            painted = animated(engine, engine.paint_still(source, style), motion, photo=source)
        for column, frame in enumerate(shown):
            sheet.picture(row, column, painted[frame])
    return sheet.webp()


def gallery_faces(engine: Engine, photo: Picture) -> list[Face]:
    """The photo's face as it is, in the poses whose motions the engine has, and as a close-up."""
    source = face_crop(engine, photo)
    faces = [Face("as it is", source)]
    for name, position in POSES:
        if name in engine.motions:
            motion = engine.motion(name)
            frames = animated(engine, source, motion)
            title = motion.title.get("en", name).lower()
            faces.append(Face(title, frames[round(position * len(motion))]))
    large = crop_face(photo, detected_face(engine, photo), round(CROP_SIZE / CLOSE_UP))
    edge = (len(large) - CROP_SIZE) // 2
    faces.append(Face("from nearer", large[edge : edge + CROP_SIZE, edge : edge + CROP_SIZE]))
    return faces
