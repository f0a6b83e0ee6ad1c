"""The gaze family: poses of a face that looks in nine directions, and any direction between them.

A page that shows a portrait's eyes following something needs few frames: it has the nine poses rendered once, as
the frames of one motion, and blends between neighbours; or it has a path of directions rendered as a motion. The head
turns and the lids follow; the network has no keypoint of the iris, so that the irises go along with the head.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from portrait.engine.motion.affine import exp2, inv2, log2
from portrait.engine.motion.template import Motion, read_motion

GAZE_FILE = Path(__file__).parent / "families" / "gaze.npz"
# The direction of each frame: how far to the picture's right, and how far down, of -1..1. Ahead comes first, because
# a motion is relative to its first frame.
GAZES = (
    (0, 0),
    (-1, -1),
    (0, -1),
    (1, -1),
    (-1, 0),
    (1, 0),
    (-1, 1),
    (0, 1),
    (1, 1),
)


def load_gaze(path: Path = GAZE_FILE) -> Motion:
    """The family as a motion: a frame for each of ``GAZES``. Raises MotionFileError."""
    return read_motion(path)


def gaze_weights(right: float, down: float) -> NDArray[np.float64]:
    """The share of each of ``GAZES`` in a direction between them, float (9,): bilinear, at most four are not 0.

    ``right``, ``down``: -1..1; values outside are clamped.
    """
    x, y = np.clip([right, down], -1, 1)
    shares = [max(0.0, 1 - abs(x - column)) * max(0.0, 1 - abs(y - row)) for column, row in GAZES]
    return np.array(shares)


def along(directions: NDArray[np.float64], family: Motion, fps: float = 20.0) -> Motion:
    """A motion that looks in ``directions``, float (T, 2) as in ``GAZES``, one after the other.

    It begins with a frame that looks ahead, the pose that the photo is taken to have.
    """
    if family.jacobian is None:
        raise ValueError("a gaze family has Jacobians")
    path = np.concatenate([np.zeros((1, 2)), np.asarray(directions, dtype=np.float64)])
    shares = np.stack([gaze_weights(right, down) for right, down in path])  # (T + 1, 9)
    ahead = family.jacobian[:1].astype(np.float64)
    change = log2(family.jacobian @ inv2(ahead))  # (9, K, 2, 2)
    jacobian = exp2(np.einsum("tn,nkxy->tkxy", shares, change)) @ ahead
    value = np.einsum("tn,nkx->tkx", shares, family.value)
    return replace(family, value=value.astype(np.float32), jacobian=jacobian.astype(np.float32), fps=fps)
