"""Composes a clip's frames: carried by the flow, changed by the generator, before a background that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.carrying import Displacement, Places, since_rest
from portrait.engine.canvas.changes import Change, ChangeFinder
from portrait.engine.canvas.cuts import cuts_of
from portrait.engine.canvas.layers import Layers, over
from portrait.engine.canvas.subject import PaintedSubject, Subject
from portrait.engine.fomm.model import MotionModel
from portrait.engine.fomm.region import Region
from portrait.engine.motion import Motion
from portrait.engine.photo.picture import Picture

# Whole frames that go through the painter at once.
BATCH = 6


@dataclass(frozen=True)
class Frame:
    """A frame, uint8 (S, S, 3), and its person's alpha, uint8 (S, S)."""

    picture: Picture
    alpha: NDArray[np.uint8]


def animate(model: MotionModel, subject: Subject, motion: Motion) -> Iterator[Frame]:
    """The photo moved by ``motion``."""
    layers = Layers(subject.photo, subject.matte, subject.background)
    yield from _moved(model, subject, motion, subject.photo, layers)


def paint_then_animate(model: MotionModel, painted: PaintedSubject, motion: Motion) -> Iterator[Frame]:
    """The painting moved as if it were the photo."""
    yield from _moved(model, painted.subject, motion, painted.painting, painted.layers)


def animate_then_paint(model: MotionModel, painted: PaintedSubject, motion: Motion) -> Iterator[Frame]:
    """The photo moved, and each frame painted; behind the person stays the one painted background."""
    frames = animate(model, painted.subject, motion)
    while batch := list(islice(frames, BATCH)):
        paintings = painted.paint(np.stack([frame.picture for frame in batch]))
        for frame, painting in zip(batch, paintings, strict=True):
            alpha = cv2.cvtColor(frame.alpha, cv2.COLOR_GRAY2RGB)
            person = cv2.multiply(painting, alpha, scale=1 / 255)
            picture = over(np.asarray(person, dtype=np.uint8), frame.alpha, painted.background)
            yield Frame(picture, frame.alpha)


def paint_and_carry(model: MotionModel, painted: PaintedSubject, motion: Motion) -> Iterator[Frame]:
    """The painting carried by the flow.

    Where the carried painting does not show what the frame shows, the frame is painted, in the cuts that need it.
    """
    subject, side = painted.subject, painted.subject.side
    photo_layers = Layers(subject.photo, subject.matte, subject.background)
    for displacement, change in _moments(model, subject, motion, subject.photo):
        places = Places(displacement, side)
        picture, alpha = painted.layers.carried(places)
        change = change.enlarged(side)
        for cut in cuts_of(
            change.weight * (alpha[change.region.rows, change.region.columns] > 0), change.region, side
        ):
            part, part_alpha = photo_layers.carried(places, cut)
            change.apply(part, part_alpha, cut.left, cut.top)
            _blend(picture, painted.paint(part[None])[0], cut, change, alpha)
        yield Frame(picture, alpha)


def _blend(
    picture: Picture, painting: Picture, cut: Region, change: Change, alpha: NDArray[np.uint8]
) -> None:
    """Put ``painting`` into the part ``cut`` of ``picture``, by the change's weight, where the person is."""
    place = cut.overlap(change.region)
    assert place is not None
    own, there = (place.moved(-part.left, -part.top) for part in (change.region, cut))
    share = change.weight[own.rows, own.columns] * (alpha[place.rows, place.columns] * np.float32(1 / 255))
    below = picture[place.rows, place.columns]
    above = painting[there.rows, there.columns].astype(np.float32)
    below[:] = np.rint(below + (above - below) * share[..., None]).astype(np.uint8)


def _moved(
    model: MotionModel, subject: Subject, motion: Motion, picture: Picture, layers: Layers
) -> Iterator[Frame]:
    """The frames of ``picture``, the subject's photo or a painting of it, whose ``layers`` these are."""
    for displacement, change in _moments(model, subject, motion, picture):
        frame, alpha = layers.carried(Places(displacement, subject.side))
        change.enlarged(subject.side).apply(frame, alpha)
        yield Frame(frame, alpha)


def _moments(
    model: MotionModel, subject: Subject, motion: Motion, source: Picture
) -> Iterator[tuple[Displacement, Change]]:
    """The displacement since rest and the change of each frame of ``source``, a picture of the subject."""
    finder: ChangeFinder | None = None
    values, photo = (_shrunk(picture, subject.model_side) for picture in (source, subject.photo))
    for rendering in model.renderings(values, motion, photo=photo):
        if finder is None:
            rest = rendering.displacement[0]
            finder = ChangeFinder(rendering.frames[0], rendering.region, subject.features)
        for displacement, frame in zip(rendering.displacement, rendering.frames, strict=True):
            moving = since_rest(displacement, rest)
            yield moving, finder.of(frame, moving)


def _shrunk(picture: Picture, side: int) -> NDArray[np.float32]:
    """float32 (side, side, 3) in 0..1."""
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(255)
