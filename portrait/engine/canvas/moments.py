"""What the motion model says of each frame of a clip: the displacement since rest, and the change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.carrying import Displacement, since_rest
from portrait.engine.canvas.changes import Change, ChangeFinder
from portrait.engine.canvas.keyframes import keyframes, shares
from portrait.engine.canvas.subject import Subject
from portrait.engine.fomm.model import MotionModel
from portrait.engine.motion import Motion
from portrait.engine.photo.picture import Picture


@dataclass(frozen=True)
class Moment:
    """A frame as the model says it: the displacement since rest, and the change."""

    displacement: Displacement
    change: Change


def moments(model: MotionModel, subject: Subject, motion: Motion, source: Picture) -> Iterator[Moment]:
    """The moments of all frames of ``source``, a picture of the subject.

    The networks evaluate the keyframes; the moments between two of them are interpolated.
    """
    indices = keyframes(motion)
    known = evaluated(model, subject, motion.only(indices), source)
    before = next(known)
    yield before
    for (begin, end), after in zip(pairwise(indices), known, strict=True):
        for share in shares(motion, begin, end):
            yield _between(before, after, share)
        yield after
        before = after


def evaluated(model: MotionModel, subject: Subject, motion: Motion, source: Picture) -> Iterator[Moment]:
    """The moments of all frames, each evaluated by the networks."""
    finder: ChangeFinder | None = None
    values, photo = (_shrunk(picture, subject.model_side) for picture in (source, subject.photo))
    for rendering in model.renderings(values, motion, photo=photo):
        if finder is None:
            rest = rendering.displacement[0]
            finder = ChangeFinder(rendering.frames[0], rendering.region, subject.features)
        for displacement, frame in zip(rendering.displacement, rendering.frames, strict=True):
            moving = since_rest(displacement, rest)
            yield Moment(moving, finder.of(frame, moving))


def displacements(
    model: MotionModel, subject: Subject, motion: Motion, source: Picture
) -> Iterator[Displacement]:
    """The displacements since rest of all frames, each evaluated by the networks; nothing is drawn."""
    rest: Displacement | None = None
    values, photo = (_shrunk(picture, subject.model_side) for picture in (source, subject.photo))
    for batch in model.displacements(values, motion, photo=photo):
        if rest is None:
            rest = batch[0]
        for displacement in batch:
            yield since_rest(displacement, rest)


def interpolated(
    first: NDArray[np.float32], second: NDArray[np.float32], share: float
) -> NDArray[np.float32]:
    """Linearly, from ``first`` at a ``share`` of 0 to ``second`` at 1."""
    return np.asarray(cv2.addWeighted(first, 1 - share, second, share, 0), dtype=np.float32)


def _between(before: Moment, after: Moment, share: float) -> Moment:
    """The moment at ``share``, 0..1, of the way from ``before`` to ``after``."""
    old, new = before.change, after.change
    change = Change(
        interpolated(old.values, new.values, share),
        interpolated(old.weight, new.weight, share),
        interpolated(old.generated, new.generated, share),
        new.region,
        new.side,
    )
    return Moment(interpolated(before.displacement, after.displacement, share), change)


def _shrunk(picture: Picture, side: int) -> NDArray[np.float32]:
    """float32 (side, side, 3) in 0..1."""
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(255)
