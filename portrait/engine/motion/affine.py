"""Logarithm and exponential of 2x2 matrices in closed form, over any leading axes, float64 inside.

They scale and blend local frames along the group of linear maps: half of a rotation is the rotation by half the
angle. A real logarithm exists for every matrix near the identity, which keypoint changes are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def inv2(a: NDArray[np.floating]) -> Array:
    """Inverse of (..., 2, 2)."""
    return np.linalg.inv(a.astype(np.float64))


def log2(a: NDArray[np.floating]) -> Array:
    """Principal logarithm of (..., 2, 2). Raises ValueError where one mirrors or turns by 180 degrees."""
    a = a.astype(np.float64)
    half_trace = (a[..., 0, 0] + a[..., 1, 1]) / 2
    det = a[..., 0, 0] * a[..., 1, 1] - a[..., 0, 1] * a[..., 1, 0]
    delta = half_trace**2 - det  # > 0: two real eigenvalues (stretch); < 0: a complex pair (rotation)
    if (det <= 0).any() or ((delta >= 0) & (half_trace <= 0)).any():
        raise ValueError("a 2x2 matrix without a real logarithm")
    root = np.sqrt(np.abs(delta))
    middle = np.where(half_trace == 0, 1.0, half_trace)  # a quarter turn; arctan2 divides by nothing
    ratio = np.where(delta > 0, np.minimum(root / middle, 1 - 1e-12), 0.0)
    angle = np.where(delta > 0, np.arctanh(ratio), np.arctan2(root, half_trace))
    slope = np.where(root > 1e-9, angle / np.where(root > 1e-9, root, 1.0), 1 / middle)
    return 0.5 * np.log(det)[..., None, None] * np.eye(2) + slope[..., None, None] * _traceless(a, half_trace)


def exp2(a: NDArray[np.floating]) -> Array:
    """Matrix exponential of (..., 2, 2)."""
    a = a.astype(np.float64)
    mean = (a[..., 0, 0] + a[..., 1, 1]) / 2
    rest = _traceless(a, mean)
    square = -(rest[..., 0, 0] * rest[..., 1, 1] - rest[..., 0, 1] * rest[..., 1, 0])
    root = np.sqrt(np.abs(square))
    safe = np.where(root > 1e-9, root, 1.0)
    even = np.where(square > 0, np.cosh(root), np.cos(root))
    odd = np.where(root > 1e-9, np.where(square > 0, np.sinh(root), np.sin(root)) / safe, 1.0)
    return np.exp(mean)[..., None, None] * (even[..., None, None] * np.eye(2) + odd[..., None, None] * rest)


def _traceless(a: NDArray[np.floating], half_trace: NDArray[np.floating]) -> Array:
    return a - half_trace[..., None, None] * np.eye(2)
