"""The fast guided filter with a colour picture as the guide.

He, Sun, Tang, "Guided Image Filtering", 2013; He, Sun, "Fast Guided Filter", 2015.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def guided_filter(guide: Floats, values: Floats, *, radius: int, epsilon: float) -> Floats:
    """``values``, float32 (h, w), as float32 (H, W) whose edges follow those of ``guide``, float32 (H, W, 3) in 0..1.

    The functions are found at the size of ``values``, which may be a reduced one, and applied to the whole guide. In
    every window of ``2 * radius + 1`` pixels of ``values`` the result is an affine function of the guide's colour.
    ``epsilon`` is the variance of the guide below which an area counts as flat. The result is not clipped.
    """
    height, width = guide.shape[:2]
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(array: Floats) -> Floats:
        return np.asarray(cv2.boxFilter(array, -1, size, borderType=cv2.BORDER_REFLECT), np.float32)

    small = np.asarray(cv2.resize(guide, values.shape[::-1], interpolation=cv2.INTER_AREA), np.float32)

    # 1. The covariance of the guide's channels in every window, and theirs with the values.
    mean_guide, mean_values = mean(small), mean(values)
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    products = np.stack([small[..., i] * small[..., j] for i, j in pairs], axis=-1)
    middles = np.stack([mean_guide[..., i] * mean_guide[..., j] for i, j in pairs], axis=-1)
    # boxFilter takes any number of channels.
    rr, rg, rb, gg, gb, bb = np.moveaxis(mean(products) - middles, -1, 0)
    rr, gg, bb = rr + epsilon, gg + epsilon, bb + epsilon
    across = mean(small * values[..., None]) - mean_guide * mean_values[..., None]

    # 2. The slopes: the inverse of the symmetric 3 x 3 matrix (cofactors over determinant) times ``across``.
    c00, c01, c02 = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    c11, c12, c22 = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    determinant = rr * c00 + rg * c01 + rb * c02
    x, y, z = np.moveaxis(across, -1, 0)
    slopes = np.stack(
        [c00 * x + c01 * y + c02 * z, c01 * x + c11 * y + c12 * z, c02 * x + c12 * y + c22 * z], axis=-1
    )
    slopes = slopes / determinant[..., None]
    offsets = mean_values - (slopes * mean_guide).sum(axis=-1)

    # 3. Every pixel is in many windows; their functions are averaged, enlarged and applied.
    means = np.dstack([mean(slopes), mean(offsets)])
    functions = np.asarray(cv2.resize(means, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray((functions[..., :3] * guide).sum(axis=-1) + functions[..., 3], np.float32)
