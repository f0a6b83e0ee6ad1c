"""The patches of a live portrait: what is painted of a pose because no stroke of the still can show it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.carrying import Places
from portrait.engine.canvas.cuts import cuts_of
from portrait.engine.canvas.layers import Layers
from portrait.engine.canvas.moments import Moment
from portrait.engine.canvas.subject import PaintedSubject
from portrait.engine.fomm.region import Region
from portrait.engine.photo.picture import Picture

# A part whose weight stays below the first value is left to the still's strokes; one that is kept is cut where its
# weight falls below the second.
_SEEN, _LEAST = 0.3, 1 / 32
# Pixels between two patches of the atlas, so that sampling one does not read the other.
GAP = 2


@dataclass(frozen=True)
class Patch:
    """A painted part of a pose's frame: where it lies in the frame, uint8 (h, w, 3), and its mask, uint8 (h, w)."""

    pose: int | None  # the index in ``POSES``; None for the AI mark, which does not move
    place: Region
    painting: Picture
    mask: NDArray[np.uint8]


def patches_of(painted: PaintedSubject, photo: Layers, moment: Moment, pose: int) -> list[Patch]:
    """The patches of one pose, whose ``moment`` the motion model evaluated. ``photo``: the layers of the photo."""
    side = painted.subject.side
    change = moment.change.enlarged(side)
    if change.weight.max() < _SEEN:
        return []
    places = Places(moment.displacement, side)
    patches = []
    weight = np.where(change.weight > _LEAST, change.weight, 0)
    for cut in cuts_of(weight, change.region, side):
        own = cut.overlap(change.region)
        assert own is not None  # a cut lies around weights of the region
        inside = own.moved(-change.region.left, -change.region.top)
        mask = weight[inside.rows, inside.columns]
        if mask.max() < _SEEN:
            continue
        part, alpha = photo.carried(places, cut)
        change.apply(part, alpha, cut.left, cut.top)
        painting = painted.paint(part[None])[0]
        x, y, width, height = cv2.boundingRect((mask > 0).astype(np.uint8))
        place = Region(own.left + x, own.top + y, own.left + x + width, own.top + y + height)
        there = place.moved(-cut.left, -cut.top)
        level = np.rint(mask[y : y + height, x : x + width] * np.float32(255)).astype(np.uint8)
        patches.append(Patch(pose, place, painting[there.rows, there.columns], level))
    return patches


@dataclass(frozen=True)
class Atlas:
    """All patches in one picture: uint8 (H, W, 3), their masks, uint8 (H, W), and each one's upper left corner."""

    paintings: Picture
    masks: NDArray[np.uint8]
    corners: tuple[tuple[int, int], ...]  # x, y, in the order of the patches


def packed(patches: list[Patch], width: int) -> Atlas:
    """The patches side by side in rows, the highest first, in a picture ``width`` wide or as wide as the widest."""
    width = max([width, *(len(patch.mask[0]) for patch in patches)])
    corners = [(0, 0)] * len(patches)
    x = y = row = 0
    for index in sorted(range(len(patches)), key=lambda index: -len(patches[index].mask)):
        height, across = patches[index].mask.shape
        if x + across > width:
            x, y, row = 0, y + row + GAP, 0
        corners[index] = (x, y)
        x += across + GAP
        row = max(row, height)
    height = max(1, y + row)
    paintings, masks = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    for (left, top), patch in zip(corners, patches, strict=True):
        rows, columns = slice(top, top + len(patch.mask)), slice(left, left + len(patch.mask[0]))
        paintings[rows, columns], masks[rows, columns] = patch.painting, patch.mask
    return Atlas(paintings, masks, tuple(corners))
