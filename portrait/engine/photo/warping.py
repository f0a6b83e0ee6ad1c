"""Moves the pixels of a picture by an affine transformation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from portrait.engine.photo.picture import Picture


def warped(image: Picture, matrix: NDArray[np.float64], side: int) -> Picture:
    """uint8 (H, W, 3) under an affine map, as uint8 (side, side, 3).

    ``matrix``: float (2, 3), from (x, y) of the image to (x, y) of the result, whole numbers being the pixels'
    centres. Between pixels it interpolates linearly; beyond the border the nearest pixel counts. It does not filter.
    """
    height, width = image.shape[:2]
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    places = (grid - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    places = np.clip(places, 0, (width - 1, height - 1))
    low = np.floor(places).astype(np.intp)
    high = np.minimum(low + 1, (width - 1, height - 1))
    right, down = (places - low).astype(np.float32).T[:, :, None]
    upper = image[low[:, 1], low[:, 0]] * (1 - right) + image[low[:, 1], high[:, 0]] * right
    lower = image[high[:, 1], low[:, 0]] * (1 - right) + image[high[:, 1], high[:, 0]] * right
    return np.rint(upper * (1 - down) + lower * down).astype(np.uint8).reshape(side, side, 3)
