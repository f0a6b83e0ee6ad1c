"""The displacement fields of the poses, and their mixture for any amplitudes.

``blended`` is what the player's shader computes. It is here so that its error beside the displacement that the motion
model computes can be measured.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.carrying import Displacement, identity, sampled
from portrait.engine.live.poses import FACE, LOOK, POSES, STAGES, Amplitudes

# The side of a field. Displacements are smooth: at twice the side they differ by less than half a pixel of 256.
GRID = 64
# Displacements are rounded to this fraction of the side, a 32nd of a pixel of 256: the file is a quarter smaller.
STEP = 1 / 2**13

Fields = NDArray[
    np.float32
]  # (P, GRID, GRID, 2): x and y towards the place in the source, as fractions of the side


def field_of(displacement: Displacement) -> NDArray[np.float32]:
    """The displacement at ``GRID``, rounded to ``STEP``: float32 (GRID, GRID, 2)."""
    small = cv2.resize(displacement, (GRID, GRID), interpolation=cv2.INTER_AREA)
    rounded = np.rint(small / np.float32(STEP)) * np.float32(STEP)
    return np.asarray(rounded, dtype=np.float16).astype(np.float32)


def extent(stage: str, amplitudes: Amplitudes, shares: Sequence[float]) -> float:
    """How far a stage is from rest, 0..1. 1 for the face, of which each pose is a motion of another part."""
    if stage == FACE:
        return 1.0
    if stage == LOOK:
        return max(abs(amplitudes.look_right), abs(amplitudes.look_down))
    return max(shares)


def blended(fields: Fields, amplitudes: Amplitudes) -> Displacement:
    """The displacement for ``amplitudes``, float32 (GRID, GRID, 2).

    At a part of the way to a pose, a place of the frame moves as the place does that it becomes at the full extent:
    the outline of the head is where it is by then, not where it will be.
    """
    shares = amplitudes.shares().astype(np.float32)
    own = identity(GRID)
    total: Displacement = np.zeros((GRID, GRID, 2), np.float32)
    for stage in STAGES:
        chosen = [index for index, pose in enumerate(POSES) if pose.stage == stage]
        reach = extent(stage, amplitudes, [float(shares[index]) for index in chosen])
        if reach <= 0:
            continue
        field = np.tensordot(shares[chosen], fields[chosen], 1).astype(np.float32)
        places = own + total * np.float32(GRID)
        moved = sampled(field, places)
        if reach < 1:
            ahead = np.float32(GRID * (1 - reach) / reach)
            moved = sampled(field, places - moved * ahead)
        total = total + moved
    return total
