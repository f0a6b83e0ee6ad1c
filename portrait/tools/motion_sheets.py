"""Pictures for the documentation: a contact sheet of each motion, the gallery of styles by faces, and both orders.

They are drawn from a photograph that may be shown, by the weights that ship, so that they show what one gets.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from portrait.engine.motion import Motion
from portrait.engine.motion.affine import inv2, log2
from portrait.engine.motion.loop_closing import JACOBIAN_WEIGHT
from portrait.engine.motion.strength import MAX_STRENGTH, MIN_STRENGTH, at_strength
from portrait.engine.options import ANIMATE_THEN_PAINT, ORDERS
from portrait.engine.output.provenance import XMP_PACKET, with_provenance
from portrait.engine.photo.face import CROP_SIZE, FaceBox, crop_face, find_face
from portrait.engine.photo.reading import Picture
from portrait.engine.pipeline import Engine

STRENGTHS = (MIN_STRENGTH, 1.0, MAX_STRENGTH)
SHOWN = 10  # frames of a motion
TILE = 120  # pixels of a frame on a contact sheet
FACE = 168  # and of a face in the gallery
MARGIN, LINE = 64, 20  # for the labels on the left and above
WEBP_QUALITY = 80
PAPER, INK = (250, 247, 240), (60, 48, 40)
# The gallery's faces besides the photo: a motion and the frame's place in it, 0..1.
POSES = (("smile", 0.45), ("proud-turn", 0.45), ("talking", 0.26))
# What both orders are shown with.
ORDER_STYLES, ORDER_MOTION, ORDER_FRAMES = ("woman-with-a-hat", "starry-night"), "proud-turn", 5
CLOSE = 0.72  # of the crop's side is what the nearest face shows


@dataclass(frozen=True)
class Face:
    """A column of the gallery: uint8 (256, 256, 3) and its heading."""

    title: str
    picture: Picture


def sample_photo() -> Picture:
    """uint8 (512, 512, 3): scikit-image's astronaut (NASA, public domain)."""
    from skimage import data

    photo: Picture = data.astronaut()
    return photo


def telling_frames(motion: Motion, count: int = SHOWN) -> list[int]:
    """``count`` frames in order, the first included, one from each equal part of the time: the farthest from rest.

    Evenly spaced frames would miss a blink, which lasts for two or three.
    """
    offset = (motion.value - motion.value[:1]).reshape(len(motion), -1)
    distance = np.abs(offset).max(axis=1)
    if motion.jacobian is not None:
        change = np.abs(log2(motion.jacobian @ inv2(motion.jacobian[:1]))).reshape(len(motion), -1)
        distance = distance + JACOBIAN_WEIGHT * change.max(axis=1)
    parts = np.array_split(np.arange(1, len(motion)), count - 1)
    return [0, *(int(part[distance[part].argmax()]) for part in parts)]


def contact_sheet(engine: Engine, photo: Picture, name: str) -> bytes:
    """The motion ``name`` on ``photo``, unpainted: a row for each strength, its frames in order. A WebP.

    Raises what the engine raises: NoFaceError, ChoiceError, MotionFileError.
    """
    source = _source(engine, photo)
    motion = engine.performance(name, 1.0)
    shown = telling_frames(motion)
    sheet, draw = _page(MARGIN + SHOWN * TILE, LINE + len(STRENGTHS) * TILE)
    for column, frame in enumerate(shown):
        _write(draw, MARGIN + column * TILE + TILE // 2, LINE // 2, f"{frame / motion.fps:.2f} s")
    for row, strength in enumerate(STRENGTHS):
        _write(draw, MARGIN // 2, LINE + row * TILE + TILE // 2, f"x {strength:g}")
        frames = _play(engine, source, at_strength(motion, strength))
        for column, frame in enumerate(shown):
            sheet.paste(_tile(frames[frame], TILE), (MARGIN + column * TILE, LINE + row * TILE))
    file = io.BytesIO()
    sheet.save(file, "WEBP", quality=WEBP_QUALITY, method=6, xmp=XMP_PACKET)
    return file.getvalue()


def gallery(engine: Engine, photo: Picture) -> bytes:
    """All of the engine's styles on several faces made from ``photo``: a row for each style. A PNG of 256 colours.

    Raises NoFaceError.
    """
    faces = gallery_faces(engine, photo)
    margin = 2 * MARGIN
    sheet, draw = _page(margin + len(faces) * FACE, LINE + (1 + len(engine.painter.styles)) * FACE)
    stack = np.stack([face.picture for face in faces])
    rows: list[tuple[tuple[str, ...], NDArray[np.uint8]]] = [(("photo",), stack)]
    for style in engine.painter.styles:
        painted = engine.painter.paint(stack, style.slug)
        toned = [
            engine.painter.tones(face, painting, style.slug)[painting]
            for face, painting in zip(stack, painted, strict=True)
        ]
        rows.append(((style.title["en"], style.painter["en"], style.year), np.stack(toned)))
    for column, face in enumerate(faces):
        _write(draw, margin + column * FACE + FACE // 2, LINE // 2, face.title)
    for row, (label, pictures) in enumerate(rows):
        text = "\n".join(_wrapped(draw, part, margin - 12) for part in label)
        _write(draw, margin // 2, LINE + row * FACE + FACE // 2, text)
        for column, picture in enumerate(pictures):
            sheet.paste(_tile(picture, FACE), (margin + column * FACE, LINE + row * FACE))
    # Paint strokes do not compress: with all its colours the file would be three times as large.
    file = io.BytesIO()
    sheet.quantize(256, Image.Quantize.MEDIANCUT).save(file, "PNG", optimize=True)
    return with_provenance(file.getvalue())


def orders_sheet(engine: Engine, photo: Picture) -> bytes:
    """``photo`` animated and then painted, and painted and then animated, below each other. A WebP.

    Raises NoFaceError, ChoiceError where a style or the motion is not there.
    """
    source = _source(engine, photo)
    motion = engine.performance(ORDER_MOTION, 1.0)
    shown = telling_frames(motion, ORDER_FRAMES)
    frames = _play(engine, source, motion)
    margin = 2 * MARGIN
    sheet, draw = _page(margin + len(shown) * FACE, LINE + 2 * len(ORDER_STYLES) * FACE)
    for column, frame in enumerate(shown):
        _write(draw, margin + column * FACE + FACE // 2, LINE // 2, f"{frame / motion.fps:.2f} s")
    for row, (style, order) in enumerate(itertools.product(ORDER_STYLES, ORDERS)):
        if order == ANIMATE_THEN_PAINT:
            painted = engine.painter.freeze_statistics(frames, style).paint(frames[shown])
            pictures = engine.painter.tones(source, painted[0], style)[painted]
        else:
            painting = engine.painter.paint(source[None], style)[0]
            toned = engine.painter.tones(source, painting, style)[painting]
            pictures = _play(engine, toned, motion, photo=source)[shown]
        text = _wrapped(draw, order.replace("-", " "), margin - 12)
        _write(draw, margin // 2, LINE + row * FACE + FACE // 2, text)
        for column, picture in enumerate(pictures):
            sheet.paste(_tile(picture, FACE), (margin + column * FACE, LINE + row * FACE))
    file = io.BytesIO()
    sheet.save(file, "WEBP", quality=WEBP_QUALITY, method=6, xmp=XMP_PACKET)
    return file.getvalue()


def gallery_faces(engine: Engine, photo: Picture) -> list[Face]:
    """The photo's face as it is, in poses that the engine can play, and from nearer."""
    source = _source(engine, photo)
    faces = [Face("as it is", source)]
    for name, place in POSES:
        if name in engine.motions:
            motion = engine.performance(name, 1.0)
            frames = _play(engine, source, motion)
            faces.append(Face(motion.title.get("en", name).lower(), frames[round(place * len(motion))]))
    large = crop_face(photo, _face(engine, photo), round(CROP_SIZE / CLOSE))
    edge = (len(large) - CROP_SIZE) // 2
    faces.append(Face("from nearer", large[edge : edge + CROP_SIZE, edge : edge + CROP_SIZE]))
    return faces


def _face(engine: Engine, photo: Picture) -> FaceBox:
    return find_face(photo, checkpoints=engine.options.checkpoints, device=engine.device)


def _source(engine: Engine, photo: Picture) -> Picture:
    return crop_face(photo, _face(engine, photo), CROP_SIZE)


def _play(engine: Engine, source: Picture, motion: Motion, photo: Picture | None = None) -> NDArray[np.uint8]:
    """uint8 (T, 256, 256, 3): as the pipeline animates a source, the painting of a ``photo`` where there is one."""
    picture, seen = (
        image.astype(np.float32) / np.float32(255) for image in (source, source if photo is None else photo)
    )
    batches = list(engine.model.frames(picture, motion, adapt_scale=True, photo=seen))
    return np.rint(np.concatenate(batches) * 255).astype(np.uint8)


def _page(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("RGB", (width, height), PAPER)
    return page, ImageDraw.Draw(page)


def _tile(picture: Picture, side: int) -> Image.Image:
    return Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)


def _write(draw: ImageDraw.ImageDraw, x: int, y: int, text: str) -> None:
    """``text``, centred on (x, y)."""
    draw.text((x, y), text, INK, ImageFont.load_default(13), anchor="mm", align="center")


def _wrapped(draw: ImageDraw.ImageDraw, text: str, width: int) -> str:
    """``text`` in lines of at most ``width`` pixels, broken between words."""
    font = ImageFont.load_default(13)
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and draw.textlength(longer, font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)
