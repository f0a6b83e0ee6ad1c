"""Composes a clip's frames: carried by the flow, changed by the generator, before a background that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.carrying import Displacement, Places
from portrait.engine.canvas.keyframes import keyframes, shares
from portrait.engine.canvas.layers import Layers, over
from portrait.engine.canvas.moments import moments
from portrait.engine.canvas.repainting import Interval, repainted
from portrait.engine.canvas.subject import PaintedSubject, Subject, paint_whole
from portrait.engine.fomm.model import MotionModel
from portrait.engine.motion import Motion
from portrait.engine.photo.picture import Picture

# Whole frames that go through the painter at once.
BATCH = 6


@dataclass(frozen=True)
class Frame:
    """A frame, uint8 (S, S, 3), its person's alpha, uint8 (S, S), and the displacement that carries the person."""

    picture: Picture
    alpha: NDArray[np.uint8]
    displacement: Displacement


def animate(model: MotionModel, subject: Subject, motion: Motion) -> Iterator[Frame]:
    """The photo moved by ``motion``."""
    layers = Layers(subject.surroundings, subject.matte, subject.background)
    yield from _moved(model, subject, motion, subject.photo, layers)


def paint_then_animate(model: MotionModel, painted: PaintedSubject, motion: Motion) -> Iterator[Frame]:
    """The painting moved as if it were the photo."""
    yield from _moved(model, painted.subject, motion, painted.painting, painted.layers)


def animate_then_paint(model: MotionModel, painted: PaintedSubject, motion: Motion) -> Iterator[Frame]:
    """The photo moved, and each frame painted; behind the person stays the one painted background."""
    frames = animate(model, painted.subject, motion)
    while batch := list(islice(frames, BATCH)):
        paintings = paint_whole(painted.paint, np.stack([frame.picture for frame in batch]))
        for frame, painting in zip(batch, paintings, strict=True):
            alpha = cv2.cvtColor(frame.alpha, cv2.COLOR_GRAY2RGB)
            person = cv2.multiply(painting, alpha, scale=1 / 255)
            picture = over(np.asarray(person, dtype=np.uint8), frame.alpha, painted.background)
            yield replace(frame, picture=picture)


def paint_and_carry(model: MotionModel, painted: PaintedSubject, motion: Motion) -> Iterator[Frame]:
    """The painting carried by the flow.

    Where the carried painting does not show what the frame shows, a keyframe is painted, in the cuts that need it;
    what was painted is carried to the frames between two keyframes.
    """
    indices = keyframes(motion)
    keyed = repainted(model, painted, motion.only(indices))
    before = next(keyed)
    yield Frame(before.picture, before.alpha, before.displacement)
    for (begin, end), after in zip(pairwise(indices), keyed, strict=True):
        interval = Interval(before, after)
        for share in shares(motion, begin, end):
            yield Frame(*interval.frame(painted.layers, share))
        yield Frame(after.picture, after.alpha, after.displacement)
        before = after


def _moved(
    model: MotionModel, subject: Subject, motion: Motion, picture: Picture, layers: Layers
) -> Iterator[Frame]:
    """The frames of ``picture``, the subject's photo or a painting of it, whose ``layers`` these are."""
    for moment in moments(model, subject, motion, picture):
        frame, alpha = layers.carried(Places(moment.displacement, subject.side))
        moment.change.enlarged(subject.side).apply(frame, alpha)
        yield Frame(frame, alpha, moment.displacement)
