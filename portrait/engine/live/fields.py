"""The displacement fields of the poses, and their mixture for any amplitudes.

``blended`` is what the player computes. It is here so that its error beside the displacement that the motion
model computes can be measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.carrying import Displacement
from portrait.engine.live.poses import LOOK, PAIRS, POSES, Amplitudes, Pair

# The side of a field. Displacements are smooth: at twice the side they differ by less than half a pixel of 256.
GRID = 64
# Displacements are rounded to this fraction of the side, a 16th of a pixel of 256: the file is a quarter smaller.
STEP = 1 / 2**12

Field = NDArray[
    np.float32
]  # (GRID, GRID, 2): x and y towards the place in the source, as fractions of the side
BENT = tuple(index for index, pose in enumerate(POSES) if pose.bent)


@dataclass(frozen=True)
class Fields:
    """``whole``: (P, GRID, GRID, 2), each pose at its full extent.

    ``bends``: (B, GRID, GRID, 2), of the poses ``BENT``, the displacement halfway less half of the whole one.
    ``pairs``: (len(PAIRS), GRID, GRID, 2), what the sum of both poses, at the shares of the pair, misses.
    """

    whole: NDArray[np.float32]
    bends: NDArray[np.float32]
    pairs: NDArray[np.float32]

    @property
    def all(self) -> NDArray[np.float32]:
        """(N, GRID, GRID, 2), in the order in which they are named above."""
        return np.concatenate([self.whole, self.bends, self.pairs])


def fields_of(whole: list[Displacement], halfway: list[Displacement], paired: list[Displacement]) -> Fields:
    """From the displacements of all poses, of those that are ``BENT`` halfway, and of ``PAIRS``."""
    fields = np.stack([field_of(each) for each in whole])
    bends = np.stack(
        [
            _rounded(field_of(half) - fields[index] / np.float32(2))
            for index, half in zip(BENT, halfway, strict=True)
        ]
    )
    known = np.concatenate([fields, bends])
    # In one product, which takes a fiftieth of the time of one for each pair.
    shares = np.stack([weights(pair.amplitudes)[: len(known)] for pair in PAIRS]).astype(np.float32)
    missed = np.stack([field_of(each) for each in paired]) - np.tensordot(shares, known, axes=1)
    return Fields(fields, bends, _rounded(missed))


def field_of(displacement: Displacement) -> Field:
    """The displacement at ``GRID``, rounded to ``STEP``."""
    return _rounded(cv2.resize(displacement, (GRID, GRID), interpolation=cv2.INTER_AREA))


def _rounded(field: NDArray[Any]) -> Field:
    return np.asarray(np.rint(field / np.float32(STEP)) * np.float32(STEP), dtype=np.float32)


def weights(amplitudes: Amplitudes) -> NDArray[np.float64]:
    """How much of each of ``Fields.all`` the displacement for ``amplitudes`` is: (N,)."""
    shares, reach = amplitudes.shares(), amplitudes.reach
    # Two poses share a look: each is as far from its extent as the look is.
    extents = np.array(
        [reach if pose.stage == LOOK else share for pose, share in zip(POSES, shares, strict=True)]
    )
    bends = (4 * shares * (1 - extents))[list(BENT)]
    pairs = [_pair_weight(pair, shares, reach) for pair in PAIRS]
    return np.concatenate([shares, bends, pairs])


def _pair_weight(pair: Pair, shares: NDArray[np.float64], reach: float) -> float:
    weight = shares[pair.first] * shares[pair.second] / (pair.at[0] * pair.at[1])
    if POSES[pair.second].stage == LOOK:  # and so is the first: their shares are of the same look
        weight = weight / reach if reach else 0.0
    return float(weight)


def blended(fields: Fields, amplitudes: Amplitudes) -> Displacement:
    """The displacement for ``amplitudes``, float32 (GRID, GRID, 2): a weighted sum of all fields.

    A place moves on a parabola from rest, by way of the pose at half its extent, to the pose. What two poses do
    together is corrected by the product of their shares.
    """
    shares = weights(amplitudes).astype(np.float32)
    return np.asarray(np.tensordot(shares, fields.all, axes=1), dtype=np.float32)
