"""The displacement fields of the poses, and their mixture for any amplitudes.

``blended`` is what the player computes. It is here so that its error beside the displacement that the motion
model computes can be measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.carrying import Displacement
from portrait.engine.live.poses import LOOK, PAIRS, POSES, Amplitudes, Pair, of_pose

# The side of a field. Displacements are smooth: at twice the side they differ by less than half a pixel of 256.
GRID = 64
# Displacements are rounded to this fraction of the side, a 16th of a pixel of 256: the file is a quarter smaller.
STEP = 1 / 2**12

Field = NDArray[
    np.float32
]  # (GRID, GRID, 2): x and y towards the place in the source, as fractions of the side
BENT = tuple(index for index, pose in enumerate(POSES) if pose.bent)
CUBIC = tuple(index for index, pose in enumerate(POSES) if pose.cubic)
SKEWED = tuple(pair for pair in PAIRS if pair.skew)
# The extents at which the poses ``CUBIC`` are evaluated besides the half and the whole one; one pose of ``SKEWED`` is
# at the first of them while the other is at the second.
QUARTERS = (0.25, 0.75)
# The fields of pairs are rounded to so many ``STEP``: their weights are small, and so they take half of the bytes.
_PAIR_STEPS = 4


@dataclass(frozen=True)
class Fields:
    """``whole``: (P, GRID, GRID, 2), each pose at its full extent.

    ``bends``: (B, GRID, GRID, 2), of the poses ``BENT``, the displacement halfway less half of the whole one.
    ``pairs``: (len(PAIRS), GRID, GRID, 2), what the sum of both poses, at the shares of the pair, misses.
    ``cubics``: (C, GRID, GRID, 2), of the poses ``CUBIC``, the coefficient of the third order.
    ``skews``: (S, GRID, GRID, 2), of the pairs ``SKEWED``, what is missed beyond that nearer to the first pose.
    """

    whole: NDArray[np.float32]
    bends: NDArray[np.float32]
    pairs: NDArray[np.float32]
    cubics: NDArray[np.float32]
    skews: NDArray[np.float32]

    @property
    def all(self) -> NDArray[np.float32]:
        """(N, GRID, GRID, 2), in the order in which they are named above."""
        return np.concatenate([self.whole, self.bends, self.pairs, self.cubics, self.skews])


def amplitudes_between() -> list[Amplitudes]:
    """What must be evaluated besides the whole poses: in the order in which ``fields_of`` takes it."""
    return [
        *(of_pose(POSES[index], 0.5) for index in BENT),
        *(of_pose(POSES[index], share) for share in QUARTERS for index in CUBIC),
        *(pair.amplitudes for pair in PAIRS),
        *(pair.amplitudes_at(*shares) for shares in (QUARTERS[::-1], QUARTERS) for pair in SKEWED),
    ]


def fields_of(whole: list[Displacement], between: list[Displacement]) -> Fields:
    """From the displacements of all poses, and of ``amplitudes_between``."""
    amplitudes = amplitudes_between()
    evaluated = np.stack([field_of(each) for each in between])
    counts = (len(BENT), len(QUARTERS) * len(CUBIC), len(PAIRS))
    halfway, quarters, paired, skewed = (slice(*ends) for ends in pairwise((0, *np.cumsum(counts), None)))

    def missed(what: slice, known: Fields) -> NDArray[np.float32]:
        # In one product, which takes a fiftieth of the time of one for each.
        shares = np.stack([weights(each) for each in amplitudes[what]]).astype(np.float32)
        return np.asarray(evaluated[what] - np.tensordot(shares, known.all, axes=1), dtype=np.float32)

    poses = np.stack([field_of(each) for each in whole])
    bends = _rounded(evaluated[halfway] - poses[list(BENT)] / np.float32(2))
    # What is not known yet is 0.
    pairs, cubics, skews = (
        np.zeros((count, *poses.shape[1:]), np.float32) for count in (len(PAIRS), len(CUBIC), len(SKEWED))
    )
    known = Fields(poses, bends, pairs, cubics, skews)
    low, high = np.split(missed(quarters, known), 2)
    known = replace(
        known, cubics=_rounded((low - high) / np.float32(2 * _third_order(QUARTERS[0], QUARTERS[0])))
    )
    known = replace(known, pairs=_rounded(missed(paired, known), _PAIR_STEPS))
    first, second = np.split(missed(skewed, known), 2)
    return replace(known, skews=_rounded((first - second) / np.float32(2 * _SKEW), _PAIR_STEPS))


def field_of(displacement: Displacement) -> Field:
    """The displacement at ``GRID``, rounded to ``STEP``."""
    return _rounded(cv2.resize(displacement, (GRID, GRID), interpolation=cv2.INTER_AREA))


def _rounded(field: NDArray[Any], steps: int = 1) -> Field:
    step = np.float32(steps * STEP)
    return np.asarray(np.rint(field / step) * step, dtype=np.float32)


def weights(amplitudes: Amplitudes) -> NDArray[np.float64]:
    """How much of each of ``Fields.all`` the displacement for ``amplitudes`` is: (N,)."""
    shares, reach = amplitudes.shares(), amplitudes.reach
    # Two poses share a look: each is as far from its extent as the look is.
    extents = np.array(
        [reach if pose.stage == LOOK else share for pose, share in zip(POSES, shares, strict=True)]
    )
    bends = (4 * shares * (1 - extents))[list(BENT)]
    pairs = [_pair_weight(pair, shares, reach) for pair in PAIRS]
    # Where the head nods or tilts as well, the curve is another one.
    alone = (1 - amplitudes.nod - abs(amplitudes.tilt)) ** 4
    cubics = (_third_order(shares, extents) * alone)[list(CUBIC)]
    skews = [
        shares[pair.first] * shares[pair.second] * (extents[pair.first] - extents[pair.second])
        for pair in SKEWED
    ]
    return np.concatenate([shares, bends, pairs, cubics, skews])


def _third_order(share: Any, extent: Any) -> Any:
    return share * (1 - extent) * (1 - 2 * extent)


# The weight of a skew where the first pose is at the second of ``QUARTERS``.
_SKEW = QUARTERS[0] * QUARTERS[1] * (QUARTERS[1] - QUARTERS[0])


def _pair_weight(pair: Pair, shares: NDArray[np.float64], reach: float) -> float:
    weight = shares[pair.first] * shares[pair.second] / (pair.at[0] * pair.at[1])
    if POSES[pair.second].stage == LOOK:  # and so is the first: their shares are of the same look
        weight = weight / reach if reach else 0.0
    return float(weight)


def blended(fields: Fields, amplitudes: Amplitudes) -> Displacement:
    """The displacement for ``amplitudes``, float32 (GRID, GRID, 2): a weighted sum of all fields.

    A place moves on a parabola from rest, by way of the pose at half its extent, to the pose; of a look to a side, on
    a curve of the third order. What two poses do together is corrected by the product of their shares, of a look with
    a tilt by that times the difference of both, too.
    """
    shares = weights(amplitudes).astype(np.float32)
    return np.asarray(np.tensordot(shares, fields.all, axes=1), dtype=np.float32)
