"""What the generator changes in a frame, apart from what the optical flow carries.

The generator closes lids, opens mouths and fills in what a turn of the head uncovers; it also blurs hair and skin,
which the flow alone carries sharply. Its picture of the face at rest is the reference: only what differs from that
picture, carried, is a change. So a face at rest is the photo itself, and a steady error of the generator is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.carrying import Displacement, Places, least_scale, sampled
from portrait.engine.fomm.region import Region
from portrait.engine.photo.picture import Picture

# Away from eyes and mouth only changes of low frequency are kept: shading, not texture. Standard deviation, as a
# fraction of the side.
_LOW_PASS = 2 / 256
# A change fades out towards the border of the region that the generator draws, within this fraction of the side.
_FADE = 10 / 256
# How much a change must be to be painted: below the first value (of 1) the carried painting stays, above the second
# the frame is painted.
_LEAST, _MOST = 0.07, 0.16
# Away from eyes and mouth a change of shading is left to the carried painting, unless it is this many times larger.
_ELSEWHERE = 2.0
# The flow stretches a part of the source over more pixels than it has, a lip over an open mouth: below the first
# scale what is carried is painted, above the second it stays. Only in eyes and mouth.
_STRETCHED = (0.55, 0.85)
# The size of the neighbourhood that decides together, as a fraction of the side.
_NEIGHBOURHOOD = 7 / 256


@dataclass(frozen=True)
class Change:
    """One frame's change, in the part of a picture of ``side`` pixels that ``region`` is.

    ``values``: float32 (h, w, 3), to be added to the carried photo, of 0..1. ``weight``: float32 (h, w) in 0..1, how
    far what is carried does not show the frame. ``generated``: float32 (h, w, 3) in 0..1, the generator's frame,
    which takes the place of the photo by that weight.
    """

    values: NDArray[np.float32]
    weight: NDArray[np.float32]
    generated: NDArray[np.float32]
    region: Region
    side: int

    def enlarged(self, side: int) -> Change:
        """The same for a picture of ``side`` pixels."""
        region = self.region.scaled(side / self.side)
        size = (region.right - region.left, region.bottom - region.top)

        def resized(part: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)

        return Change(resized(self.values), resized(self.weight), resized(self.generated), region, side)

    def apply(self, frame: Picture, alpha: NDArray[np.uint8], left: int = 0, top: int = 0) -> None:
        """Change the person of ``alpha`` in ``frame``, the part of a picture of this size that begins there."""
        height, width = alpha.shape
        region = self.region.overlap(Region(left, top, left + width, top + height))
        if region is None:
            return
        own, there = region.moved(-self.region.left, -self.region.top), region.moved(-left, -top)
        part = frame[there.rows, there.columns]
        person = alpha[there.rows, there.columns, None] * np.float32(1 / 255)
        kept = part + self.values[own.rows, own.columns] * (person * np.float32(255))
        share = self.weight[own.rows, own.columns, None] * person
        changed = kept + (self.generated[own.rows, own.columns] * np.float32(255) - kept) * share
        part[:] = np.clip(np.rint(changed), 0, 255).astype(np.uint8)


class ChangeFinder:
    """Finds the changes of a clip whose frame at rest is ``rest``, float32 (height and width of ``region``, 3).

    ``features``: float32 (M, M) in 0..1 at the model's size, 1 in the source's eyes and mouth.
    """

    def __init__(self, rest: NDArray[np.float32], region: Region, features: NDArray[np.float32]) -> None:
        self.region, self.features = region, features
        self.side = len(features)
        # The border of the region is repeated outside: near it, changes fade out.
        around = (region.top, self.side - region.bottom, region.left, self.side - region.right)
        self._rest = np.asarray(
            cv2.copyMakeBorder(rest, *around, borderType=cv2.BORDER_REPLICATE), dtype=np.float32
        )
        self._window = _window(region, self.side)[region.rows, region.columns]
        self._neighbourhood = 2 * round(_NEIGHBOURHOOD * self.side / 2) + 1

    def of(self, frame: NDArray[np.float32], displacement: Displacement) -> Change:
        """The change of one frame of the generator, with the displacement since rest."""
        region = self.region
        places = Places(displacement, self.side).values[region.rows, region.columns]
        change = (frame - sampled(self._rest, places)) * self._window[..., None]
        kept = np.clip(sampled(self.features, places), 0, 1)
        smooth = cv2.GaussianBlur(change, (0, 0), _LOW_PASS * self.side)
        values = smooth + (change - smooth) * kept[..., None]
        size = np.abs(values).max(axis=2) / (kept + (1 - kept) * np.float32(_ELSEWHERE))
        weight = _step(self._blurred(size), _LEAST, _MOST)
        stretched = 1 - _step(least_scale(displacement), *_STRETCHED)
        everywhere = cv2.resize(stretched, (self.side, self.side), interpolation=cv2.INTER_LINEAR)
        weight = np.maximum(weight, everywhere[region.rows, region.columns] * kept)
        weight = self._blurred(weight) * self._window
        return Change(values.astype(np.float32), weight.astype(np.float32), frame, region, self.side)

    def _blurred(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        size = (self._neighbourhood, self._neighbourhood)
        return np.asarray(cv2.blur(values, size), dtype=np.float32)


def _window(region: Region, side: int) -> NDArray[np.float32]:
    """(side, side): 1 inside the region, falling to 0 at those of its borders that are not the picture's."""
    inside = np.zeros((side, side), np.float32)
    inside[region.rows, region.columns] = 1
    reach = 2 * round(_FADE * side / 2) + 1
    # Eroded first, so that the blur ends at the border.
    inner = cv2.erode(inside, np.ones((reach, reach), np.uint8), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.blur(inner, (reach, reach), borderType=cv2.BORDER_REPLICATE), dtype=np.float32)


def _step(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """A smooth step: 0 below ``low``, 1 above ``high``."""
    share = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return share * share * (3 - 2 * share)
