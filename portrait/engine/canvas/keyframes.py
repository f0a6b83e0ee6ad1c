"""The frames of a motion that the networks evaluate; those between them are interpolated.

A slow motion differs little from frame to frame, and between two such frames flow and change follow the keypoints
almost linearly. What is painted is still painted for each frame, from its own flow.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from portrait.engine.motion import Motion
from portrait.engine.motion.affine import inv2

# Frames from one keyframe to the next, at most.
MOST = 6
# The side of the picture, in pixels, in which a movement is measured.
_SIDE = 256
# An entry of a Jacobian's change counts as the movement of a point at this distance from the keypoint.
_REACH = 16
# How far a frame may be from the interpolation, and how far two keyframes may be apart, in pixels of that side.
_DEVIATION, _STEP = 0.1, 4.0


def keyframes(motion: Motion) -> list[int]:
    """The indices of the frames to evaluate, in rising order, the first and the last among them."""
    track = _track(motion)
    chosen, last = [0], len(motion) - 1
    while chosen[-1] < last:
        begin = chosen[-1]
        ends = range(min(begin + MOST, last), begin + 1, -1)
        chosen.append(next((end for end in ends if _linear(track[begin : end + 1])), begin + 1))
    return chosen


def shares(motion: Motion, begin: int, end: int) -> Iterator[float]:
    """How far each frame between two keyframes has come from ``begin`` to ``end``: 0..1."""
    yield from _shares(_track(motion)[begin : end + 1])[1:-1].tolist()


def _track(motion: Motion) -> NDArray[np.float64]:
    """(T, N): where the motion is at each frame, as coordinates in pixels."""
    coordinates = [motion.value.reshape(len(motion), -1).astype(np.float64) * (_SIDE / 2)]
    if motion.jacobian is not None:
        jacobian = motion.jacobian.astype(np.float64)
        coordinates.append((jacobian @ inv2(jacobian[:1])).reshape(len(motion), -1) * _REACH)
    return np.concatenate(coordinates, axis=1)


def _shares(track: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,): each frame projected on the line from the first to the last, 0..1. It follows a change of speed."""
    line = track[-1] - track[0]
    length = float(line @ line)
    if length == 0:
        return np.linspace(0, 1, len(track))
    return np.clip((track - track[0]) @ line / length, 0, 1)


def _linear(track: NDArray[np.float64]) -> bool:
    """Whether the frames between the first and the last may be interpolated."""
    line = track[-1] - track[0]
    between = track[0] + _shares(track)[:, None] * line
    return bool(np.abs(line).max() <= _STEP and np.abs(track - between).max() <= _DEVIATION)
