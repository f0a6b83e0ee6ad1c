"""The parts of a clip that are painted from its frames, because the carried painting does not show what they show.

They are painted at keyframes. The frames between two keyframes show both paintings, carried by the flow and blended:
a painting of its own would cost more than all the rest of such a frame, and its strokes would flicker.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.carrying import Displacement, Places, in_pixels, own_places, sampled
from portrait.engine.canvas.changes import Change
from portrait.engine.canvas.cuts import cuts_of
from portrait.engine.canvas.layers import Layers
from portrait.engine.canvas.moments import Moment, evaluated, interpolated
from portrait.engine.canvas.subject import PaintedSubject
from portrait.engine.fomm.model import MotionModel
from portrait.engine.fomm.region import Region
from portrait.engine.motion import Motion
from portrait.engine.photo.picture import Picture

# Weights below this do not change a pixel by more than a grey value.
_LEAST = 1 / 256


@dataclass(frozen=True)
class Repainted:
    """A keyframe, uint8 (S, S, 3), and its person's alpha, uint8 (S, S).

    ``painting``: uint8 (S, S, 3), painted from the frame where this or a neighbouring keyframe needs it, carried
    elsewhere. ``weight``: float32 (height and width of ``region``) in 0..1, how far the painting shows.
    """

    picture: Picture
    alpha: NDArray[np.uint8]
    displacement: Displacement
    painting: Picture
    weight: NDArray[np.float32]
    region: Region


def repainted(model: MotionModel, painted: PaintedSubject, motion: Motion) -> Iterator[Repainted]:
    """The keyframes of a clip; ``motion`` has their poses alone."""
    subject, side = painted.subject, painted.subject.side
    layers = Layers(subject.surroundings, subject.matte, subject.background)
    before: Change | None = None
    for moment, after in _with_next(evaluated(model, subject, motion, subject.photo), side):
        change = moment.change
        places = Places(moment.displacement, side)
        picture, alpha = painted.layers.carried(places)
        painting = picture.copy()
        near = [change.weight, *(other.weight for other in (before, after) if other is not None)]
        rows, columns = change.region.rows, change.region.columns
        for cut in cuts_of(np.maximum.reduce(near) * (alpha[rows, columns] > 0), change.region, side):
            part, part_alpha = layers.carried(places, cut)
            change.apply(part, part_alpha, cut.left, cut.top)
            painting[cut.rows, cut.columns] = painted.paint(part[None])[0]
        blend(picture, painting[rows, columns], alpha, change.weight, change.region)
        yield Repainted(picture, alpha, moment.displacement, painting, change.weight, change.region)
        before = change


def _with_next(moments: Iterator[Moment], side: int) -> Iterator[tuple[Moment, Change | None]]:
    """Each moment with its change at ``side``, and the change of the next moment."""
    before: Moment | None = None
    for moment in moments:
        after = Moment(moment.displacement, moment.change.enlarged(side))
        if before is not None:
            yield before, after.change
        before = after
    if before is not None:
        yield before, None


@dataclass(frozen=True)
class Interval:
    """What lies between two keyframes, one of them the next after the other."""

    before: Repainted
    after: Repainted

    def frame(self, layers: Layers, share: float) -> tuple[Picture, NDArray[np.uint8], Displacement]:
        """The frame at ``share``, 0..1: uint8 (S, S, 3), its alpha, uint8 (S, S), and its displacement."""
        before, after = self.before, self.after
        displacement = interpolated(before.displacement, after.displacement, share)
        picture, alpha = layers.carried(Places(displacement, len(before.picture)))
        weight = interpolated(before.weight, after.weight, share)
        inside = _bounds(weight > _LEAST)
        if inside is None:
            return picture, alpha, displacement
        place = inside.moved(before.region.left, before.region.top)
        # From a pixel of this frame to its place in a keyframe: as the source moves between the two.
        places, movement = own_places(place), self._movement[place.rows, place.columns]
        paintings = [
            sampled(keyframe.painting, places + movement * np.float32(part))
            for keyframe, part in ((before, share), (after, share - 1))
        ]
        painting = cv2.addWeighted(paintings[0], 1 - share, paintings[1], share, 0)
        blend(picture, np.asarray(painting, np.uint8), alpha, weight[inside.rows, inside.columns], place)
        return picture, alpha, displacement

    @cached_property
    def _movement(self) -> NDArray[np.float32]:
        return in_pixels(self.after.displacement - self.before.displacement, len(self.before.picture))


def blend(
    picture: Picture,
    painting: Picture,
    alpha: NDArray[np.uint8],
    weight: NDArray[np.float32],
    place: Region,
) -> None:
    """Blend ``painting`` into the part ``place`` of ``picture``, by ``weight``, where the person of ``alpha`` is.

    ``painting`` and ``weight`` have the size of ``place``, the others that of the whole picture.
    """
    share = weight * (alpha[place.rows, place.columns] * np.float32(1 / 255))
    below = picture[place.rows, place.columns]
    below[:] = np.rint(below + (painting.astype(np.float32) - below) * share[..., None]).astype(np.uint8)


def _bounds(mask: NDArray[np.bool_]) -> Region | None:
    """The smallest region that holds all of ``mask``, (h, w); None where there is nothing."""
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return Region(x, y, x + width, y + height) if width else None
