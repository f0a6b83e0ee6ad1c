"""The displacement fields of the poses, and their mixture for any amplitudes.

``blended`` is what the player's shader computes. It is here so that its error beside the displacement that the motion
model computes can be measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.carrying import Displacement, own_places, sampled
from portrait.engine.fomm.region import Region
from portrait.engine.live.poses import LOOK, POSES, STAGES, Amplitudes

# The side of a field. Displacements are smooth: at twice the side they differ by less than half a pixel of 256.
GRID = 64
# Displacements are rounded to this fraction of the side, a 32nd of a pixel of 256: the file is a quarter smaller.
STEP = 1 / 2**13

Field = NDArray[
    np.float32
]  # (GRID, GRID, 2): x and y towards the place in the source, as fractions of the side
BENT = tuple(index for index, pose in enumerate(POSES) if pose.bent)


@dataclass(frozen=True)
class Fields:
    """``whole``: (P, GRID, GRID, 2), each pose at its full extent.

    ``bends``: (B, GRID, GRID, 2), of the poses ``BENT``, the displacement halfway less half of the whole one.
    """

    whole: NDArray[np.float32]
    bends: NDArray[np.float32]


def fields_of(whole: list[Displacement], halfway: list[Displacement]) -> Fields:
    """From the displacements of all poses, and of those that are ``BENT`` halfway."""
    fields = np.stack([field_of(each) for each in whole])
    bends = [
        _rounded(field_of(half) - fields[index] / np.float32(2))
        for index, half in zip(BENT, halfway, strict=True)
    ]
    return Fields(fields, np.stack(bends))


def field_of(displacement: Displacement) -> Field:
    """The displacement at ``GRID``, rounded to ``STEP``."""
    return _rounded(cv2.resize(displacement, (GRID, GRID), interpolation=cv2.INTER_AREA))


def _rounded(field: NDArray[Any]) -> Field:
    rounded = np.rint(field / np.float32(STEP)) * np.float32(STEP)
    return np.asarray(rounded, dtype=np.float16).astype(np.float32)


def blended(fields: Fields, amplitudes: Amplitudes) -> Displacement:
    """The displacement for ``amplitudes``, float32 (GRID, GRID, 2).

    A place moves on a parabola from rest, by way of the pose at half its extent, to the pose. A stage begins where
    the stage before it leads.
    """
    shares = amplitudes.shares()
    reach = max(abs(amplitudes.look_right), abs(amplitudes.look_down))
    own = own_places(Region(0, 0, GRID, GRID))
    total: Displacement = np.zeros((GRID, GRID, 2), np.float32)
    for stage in STAGES:
        moved = np.zeros_like(total)
        for index, pose in enumerate(POSES):
            share = shares[index]
            if pose.stage != stage or share == 0:
                continue
            moved += np.float32(share) * fields.whole[index]
            if pose.bent:
                # Two poses share a look: each is as far from its extent as the look is.
                left = 1 - (reach if stage == LOOK else share)
                moved += np.float32(4 * share * left) * fields.bends[BENT.index(index)]
        if moved.any():
            total = total + sampled(moved, own + total * np.float32(GRID))
    return total
