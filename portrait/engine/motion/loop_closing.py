"""From the keypoints of a recorded motion to a template: smooth them, find where they loop, close the seam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portrait.engine.motion.affine import exp2, inv2, log2

Array = NDArray[np.float64]

# Wide enough for the detector's jitter, narrow enough for a blink, which lasts two or three frames.
SMOOTHING_SECONDS = 0.03
# Weight of a difference of local frames (as a logarithm) beside one of positions (in -1..1).
JACOBIAN_WEIGHT = 0.1
# Weight of the distance of frame 0 from the median pose: all motion is relative to frame 0.
REST_WEIGHT = 0.5
# Limits of the singular values of a local frame against its usual shape: the first is a closed eye.
STRETCH_LIMITS = (0.15, 5.0)
# Beyond this the warped photo tears: the largest displacement from frame 0, in units of the face's own size (its root
# mean square radius), and the largest logarithm of a frame's change, about a blink's.
MAX_DISPLACEMENT = 0.45
MAX_LOG_CHANGE = 1.3


@dataclass(frozen=True, eq=False)
class Trajectory:
    """``value`` (T, K, 2) in -1..1 and ``jacobian`` (T, K, 2, 2) or None: the keypoints of a video's frames."""

    value: Array
    jacobian: Array | None

    def __len__(self) -> int:
        return len(self.value)

    def slice(self, start: int, end: int) -> Trajectory:
        return Trajectory(self.value[start:end], None if self.jacobian is None else self.jacobian[start:end])


def smooth(trajectory: Trajectory, fps: float) -> Trajectory:
    """Filter out the detector's jitter with a Gaussian of ``SMOOTHING_SECONDS``."""
    sigma = SMOOTHING_SECONDS * fps
    reach = max(1, int(np.ceil(3 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()

    def filtered(x: Array) -> Array:
        padded = np.concatenate([np.repeat(x[:1], reach, axis=0), x, np.repeat(x[-1:], reach, axis=0)])
        return np.sum([weight * padded[i : i + len(x)] for i, weight in enumerate(kernel)], axis=0)

    jacobian = None if trajectory.jacobian is None else filtered(_regular(trajectory.jacobian))
    return Trajectory(filtered(trajectory.value), jacobian)


def _regular(jacobian: Array) -> Array:
    """Clamp every frame's change against the clip's median frame to ``STRETCH_LIMITS``, without mirroring.

    For a closed eye the detector may give a mirrored frame, which has no logarithm.
    """
    middle = np.median(jacobian, axis=0)  # (K, 2, 2)
    left, stretch, right = np.linalg.svd(jacobian @ inv2(middle))  # (T, K, 2, 2), (T, K, 2), (T, K, 2, 2)
    mirrors = np.linalg.det(left @ right) < 0
    stretch[..., 1] *= np.where(mirrors, -1, 1)
    right[..., 1, :] *= np.where(mirrors, -1, 1)[..., None]
    return np.asarray((left * np.clip(stretch, *STRETCH_LIMITS)[..., None, :]) @ right @ middle)


def find_loop(trajectory: Trajectory, shortest: int, longest: int) -> tuple[int, int]:
    """The stretch [start, end) of ``shortest`` to ``longest`` frames whose end fits its start best.

    Compares the pose and its speed at frame ``start`` with those at frame ``end``, which must exist, and prefers to
    start at an ordinary pose. Raises ValueError where the trajectory is too short.
    """
    total = len(trajectory)
    if total < shortest + 2:
        raise ValueError(f"{total} frames are too few for a loop of {shortest}")
    features = _features(trajectory)  # (T, F)
    speed = np.gradient(features, axis=0)
    rest = np.linalg.norm(features - np.median(features, axis=0), axis=1)
    best = (np.inf, 0, 0)
    for start in range(total - shortest):
        ends = np.arange(start + shortest, min(start + longest, total - 1) + 1)
        gap = np.linalg.norm(features[ends] - features[start], axis=1)
        jolt = np.linalg.norm(speed[ends] - speed[start], axis=1)
        cost = gap + 4 * jolt + REST_WEIGHT * rest[start]
        pick = int(cost.argmin())
        best = min(best, (float(cost[pick]), start, int(ends[pick])))
    return best[1], best[2]


def close_loop(trajectory: Trajectory, start: int, end: int) -> Trajectory:
    """Frames [start, end), corrected so that frame ``end`` would equal frame ``start``.

    The difference between the two is removed gradually over the loop by a smooth step, so that neither the poses nor
    their velocities jump.
    """
    progress = np.arange(end - start) / (end - start)
    share = progress**2 * (3 - 2 * progress)  # (T,)
    part = trajectory.slice(start, end)
    value = part.value - share[:, None, None] * (trajectory.value[end] - trajectory.value[start])
    jacobian = None
    if part.jacobian is not None:
        assert trajectory.jacobian is not None
        change = log2(trajectory.jacobian[end] @ inv2(trajectory.jacobian[start]))  # (K, 2, 2)
        jacobian = exp2(-share[:, None, None, None] * change) @ part.jacobian
    return Trajectory(value, jacobian)


def gentle_strength(value: NDArray[np.floating], jacobian: NDArray[np.floating] | None) -> float:
    """The factor (at most 1) that keeps a motion within ``MAX_DISPLACEMENT`` and ``MAX_LOG_CHANGE``.

    ``value`` (T, K, 2) and ``jacobian`` (T, K, 2, 2) or None, relative to frame 0.
    """
    centred = value[0] - value[0].mean(axis=0)
    radius = np.sqrt((centred**2).sum(axis=1).mean())
    displacement = np.linalg.norm(value - value[:1], axis=2).max() / radius
    ratio = MAX_DISPLACEMENT / max(float(displacement), 1e-9)
    if jacobian is not None:
        change = log2(jacobian @ inv2(jacobian[:1]))
        ratio = min(ratio, MAX_LOG_CHANGE / max(float(np.abs(change).max()), 1e-9))
    return min(1.0, ratio)


def _features(trajectory: Trajectory) -> Array:
    """(T, F): everything that has to agree where a loop closes, in comparable units."""
    value = trajectory.value.reshape(len(trajectory), -1)
    if trajectory.jacobian is None:
        return value
    return np.concatenate([value, JACOBIAN_WEIGHT * trajectory.jacobian.reshape(len(trajectory), -1)], axis=1)
