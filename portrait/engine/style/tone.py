"""A tone curve that restores the contrast of the painting and the brightness of the photo.

A network trained on mean errors avoids extremes: its output has about half the contrast of the painting that it
learned from. Instance normalization also discards the brightness of its input, so that every face comes out about
equally light, dark skin too, or in a dark palette equally dark. The curve restores part of both. It is measured once
per clip, so it cannot flicker.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# Linear light is not needed to compare means: Rec. 709's weights on the coded values.
LUMA = np.array([0.2126, 0.7152, 0.0722])
BOLDNESS = 0.6  # how far contrast goes towards the painting's, of the way in stops
BOLDEST = 1.6  # times the network's: more would make its grain and what flickers visible
DARK = 110 / 255  # mean luma of a face, from which on the key is left as it is
WAY_BACK = 0.5  # how far the painting follows a darker photo, of the way in stops
LEAST = 0.6  # of the painting's luma: an almost black photo still becomes a painting
MOST = 1.4  # of the painting's luma, where a dark palette makes a face darker than in the photo


def tone_curve(
    photo: NDArray[np.uint8], painting: NDArray[np.uint8], contrast: float | None = None
) -> NDArray[np.uint8]:
    """The new value of each of the 256 values of ``painting``, uint8 (H, W, 3): uint8 (256,), to index by frames.

    ``contrast`` is the painter's own, as ``luma_deviation`` measures it (None: contrast stays). ``photo``, uint8
    (h, w, 3), shows the face in its middle, where the product's crop has it. Black, white and the order of values
    stay.
    """
    curve = np.arange(256) / 255
    if contrast is not None:
        deviation = luma_deviation(painting)
        if deviation > 0.01:  # a plain colour has no contrast to enlarge
            wanted = (contrast / deviation) ** BOLDNESS
            curve = steeper(curve, float((painting @ LUMA).mean() / 255), min(max(wanted, 1.0), BOLDEST))
    painted = float((curve[painting[_middle(painting)]] @ LUMA).mean())
    # Skipped where the mean allows no power.
    if 0.02 < painted < 0.98:
        gain = _gain(luma_of_face(photo), painted)
        if gain != 1:
            curve = curve ** (1 + math.log(gain) / math.log(painted))
    return np.rint(255 * curve).astype(np.uint8)


def _gain(photo: float, painted: float) -> float:
    """What the painted face's mean luma is multiplied by; ``photo``: that of the photo, both 0..1."""
    if painted < photo:
        return min(MOST, (photo / painted) ** WAY_BACK)
    # A dark photo makes a lighter painting darker, but no darker than the photo.
    return max(LEAST, min(1.0, photo / DARK) ** WAY_BACK, photo / painted)


def steeper(values: NDArray[np.float64], middle: float, slope: float) -> NDArray[np.float64]:
    """Values in 0..1 with ``slope`` >= 1 at ``middle`` (0..1, exclusive), flattening towards 0 and 1, which stay."""
    from_middle = values - middle
    room = np.where(from_middle < 0, middle, 1 - middle)
    bent = slope * from_middle / np.sqrt(1 + (slope**2 - 1) * (from_middle / room) ** 2)
    return np.clip(middle + bent, 0, 1)


def luma_deviation(picture: NDArray[np.uint8]) -> float:
    """The contrast of uint8 (H, W, 3): the standard deviation of its luma, 0..0.5."""
    return float((picture @ LUMA).std() / 255)


def luma_of_face(picture: NDArray[np.uint8]) -> float:
    """Mean luma, 0..1, of the middle half of uint8 (H, W, 3), in both directions."""
    return float((picture[_middle(picture)] @ LUMA).mean() / 255)


def _middle(picture: NDArray[np.uint8]) -> tuple[slice, slice]:
    height, width = picture.shape[:2]
    return slice(height // 4, height - height // 4), slice(width // 4, width - width // 4)
