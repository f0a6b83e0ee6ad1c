"""Carrying a picture by an optical flow, at the picture's own size."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.fomm.region import Region

# A picture is sampled from a copy of twice the size. Interpolation attenuates the highest frequencies of what it
# samples; those of the larger copy are empty, so that fine strokes stay sharp wherever they are carried.
OVERSAMPLING = 2

# Lanczos' kernel of eight pixels, at a pixel's own place and half way to the next. Filters of rows and columns take
# an eighth of the time of ``cv2.warpAffine``, which computes the products of both kernels for every pixel.
_DISTANCES = np.arange(-3.5, 4, dtype=np.float32)
_LOBES = np.sinc(_DISTANCES) * np.sinc(_DISTANCES / 4)
_WHOLE, _HALF = np.ones(1, np.float32), _LOBES / _LOBES.sum()

# Of the inversion of the flow at rest.
_ITERATIONS = 2

# (h, w, 2): x and y towards the place in the source, as fractions of the side.
Displacement = NDArray[np.float32]
Layer = NDArray[np.uint8]  # (H, W) or (H, W, C)


def oversampled(layer: Layer) -> Layer:
    """``layer`` of twice the height and width, as ``Places.carry`` takes it.

    Every second row and column are the layer's own, so that a pixel that does not move is not interpolated at all.
    """
    height, width = layer.shape[:2]
    larger = np.empty((OVERSAMPLING * height, OVERSAMPLING * width, *layer.shape[2:]), np.uint8)
    for down, rows in enumerate((_WHOLE, _HALF)):
        for across, columns in enumerate((_WHOLE, _HALF)):
            middle = ((len(columns) - 1) // 2, (len(rows) - 1) // 2)
            between = cv2.sepFilter2D(
                layer, -1, columns, rows, anchor=middle, borderType=cv2.BORDER_REPLICATE
            )
            larger[down::OVERSAMPLING, across::OVERSAMPLING] = between
    return larger


def own_places(part: Region) -> NDArray[np.float32]:
    """Each pixel's own place in the picture that it is in: float32 (height, width, 2), x and y in pixels."""
    x = np.arange(part.left, part.right, dtype=np.float32)
    y = np.arange(part.top, part.bottom, dtype=np.float32)
    return np.stack(np.broadcast_arrays(x[None, :], y[:, None]), axis=-1)


def in_pixels(displacement: Displacement, side: int) -> NDArray[np.float32]:
    """A displacement of each pixel of a picture of ``side`` pixels: float32 (side, side, 2), x and y in pixels."""
    enlarged = cv2.resize(displacement, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(enlarged * np.float32(side), dtype=np.float32)


def at_rest() -> Displacement:
    """The displacement of a frame that shows the source as it is."""
    return np.zeros((1, 1, 2), np.float32)


def sampled(picture: NDArray[Any], places: NDArray[np.float32]) -> NDArray[Any]:
    """A picture, (H, W) or (H, W, C), at ``places``, (h, w, 2) in pixels, bicubic; mirrored at its border."""
    # The second map is for another format of the first.
    return cv2.remap(picture, places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)  # type: ignore[call-overload]


class Places:
    """Where each pixel of a frame lies in the source, both squares with sides of ``side`` pixels."""

    def __init__(self, displacement: Displacement, side: int) -> None:
        self.values = own_places(Region(0, 0, side, side)) + in_pixels(displacement, side)

    def carry(
        self, layer: Layer, rows: slice = slice(None), columns: slice = slice(None), *, margin: int = 0
    ) -> Layer:
        """The part ``rows``, ``columns`` of the frame, sampled from an ``oversampled`` layer.

        ``margin``: how many pixels, before it was oversampled, the layer reaches beyond the source at each side.
        Outside the layer it is mirrored: repeated pixels would be streaks where the head moves away from the border.
        """
        places = (self.values[rows, columns] + np.float32(margin)) * np.float32(OVERSAMPLING)
        return np.asarray(sampled(layer, places), dtype=np.uint8)


def since_rest(displacement: Displacement, rest: Displacement) -> Displacement:
    """The displacement relative to the one at rest, so that a face at rest is carried by nothing at all.

    The model's flow at rest is not quite zero. The result g leads from a frame to the frame at rest: for the
    displacements d of the frame and r at rest, z + d(z) = y + r(y) at y = z + g(z). It is found by fixed-point
    iteration, which is exact at rest and converges at once, because r is small and smooth.
    """
    if not rest.any():
        return displacement
    since = displacement - rest
    for _ in range(_ITERATIONS):
        places = Places(since, len(rest)).values
        since = displacement - sampled(rest, places)
    return since


def least_scale(displacement: Displacement) -> NDArray[np.float32]:
    """How much of the source a pixel covers in the direction in which it covers least: float32 (h, w).

    It is the smaller singular value of the flow's Jacobian: 1 where nothing is stretched, near 0 where a small part
    of the source is spread over many pixels.
    """
    side = np.float32(len(displacement))
    down, across = np.gradient(displacement * side, axis=(0, 1))
    a, b = 1 + across[..., 0], down[..., 0]
    c, d = across[..., 1], 1 + down[..., 1]
    total, determinant = a * a + b * b + c * c + d * d, np.abs(a * d - b * c)
    spread = np.sqrt(np.maximum(total * total - 4 * determinant * determinant, 0))
    return np.sqrt(np.maximum(total - spread, 0) / 2).astype(np.float32)
