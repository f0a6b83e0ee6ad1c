"""The parts of a frame that are painted: rectangles around the pixels where the carried painting does not hold."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.fomm.region import Region

# A painted pixel depends on those around it. With so much of the frame around them, as a fraction of the side, a
# cut's pixels look like those of a frame that is painted whole.
MARGIN = 32 / 512
# Sides of few different lengths keep the convolutions prepared.
UNIT = 32
# The painter halves its picture three times: cuts begin where its halved grids do in the whole frame.
GRID = 8
# Weights below this do not show.
_VISIBLE = 0.02


def cuts_of(weight: NDArray[np.float32], region: Region, side: int) -> list[Region]:
    """The parts of a frame of ``side`` pixels that cover the visible ``weight``, (h, w) in 0..1, with a margin.

    ``weight`` belongs to the part ``region`` of the frame. Cuts do not overlap: two that would are one.
    """
    visible = (weight > _VISIBLE).astype(np.uint8)
    if not visible.any():
        return []
    scale = (region.right - region.left) / weight.shape[1]
    _count, _labels, stats, _centres = cv2.connectedComponentsWithStats(visible)
    cuts: list[Region] = []
    for left, top, width, height, _area in stats[1:]:
        x0, x1 = _aligned(region.left + left * scale, region.left + (left + width) * scale, side)
        y0, y1 = _aligned(region.top + top * scale, region.top + (top + height) * scale, side)
        cuts.append(Region(x0, y0, x1, y1))
    return _merged(cuts)


def _aligned(low: float, high: float, side: int) -> tuple[int, int]:
    """An interval with its margin, enlarged to a multiple of ``UNIT`` and moved into 0..side."""
    margin = MARGIN * side
    length = min(side, int(np.ceil((high - low + 2 * margin) / UNIT)) * UNIT)
    start = round((low + high - length) / 2 / GRID) * GRID
    start = min(max(start, 0), side - length)
    return start, start + length


def _merged(cuts: list[Region]) -> list[Region]:
    """The cuts, those that overlap replaced by their hull."""
    result: list[Region] = []
    for cut in cuts:
        apart = []
        for other in result:
            if cut.overlap(other) is None:
                apart.append(other)
            else:
                cut = cut.hull(other)
        result = [*apart, cut]
    # A hull may reach a cut that was apart before.
    return result if len(result) == len(cuts) else _merged(result)
