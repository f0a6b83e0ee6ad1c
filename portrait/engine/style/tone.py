"""The key of a painting: a photo of a dark face must not become a painting of a light one.

Instance normalization forgets how bright its input was, so that a style paints every face about equally light. Where
the photo's face is dark, a tone curve takes the painting part of the way back. It is measured once for a clip, so
that it cannot flicker.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# Linear light is not needed to compare means: Rec. 709's weights on the coded values.
LUMA = np.array([0.2126, 0.7152, 0.0722])
DARK = 110 / 255  # mean luma of a face, from which on a painting is left as it is
WAY_BACK = 0.5  # how far the painting follows a darker photo, of the way in stops
LEAST = 0.6  # of the painting's luma: an almost black photo still becomes a painting


def tone_curve(photo: NDArray[np.uint8], painting: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What each of the 256 values of ``painting``, uint8 (H, W, 3), becomes, so that it is in the key of ``photo``,
    uint8 (h, w, 3): uint8 (256,), to be indexed by frames.

    The face is looked for in the middle of both, where the product's crop has it. Black and white stay; for a face of
    usual brightness all values stay.
    """
    gain = max(LEAST, min(1.0, luma_of_face(photo) / DARK) ** WAY_BACK)
    values = np.arange(256)
    painted = luma_of_face(painting)
    # Nothing to darken, or nothing to measure the power by.
    if gain == 1 or not 0.02 < painted < 0.98:
        return values.astype(np.uint8)
    power = 1 + math.log(gain) / math.log(painted)
    return np.rint(255 * (values / 255) ** power).astype(np.uint8)


def luma_of_face(picture: NDArray[np.uint8]) -> float:
    """Mean luma, 0..1, of the middle half of uint8 (H, W, 3), in both directions."""
    height, width = picture.shape[:2]
    middle = picture[height // 4 : height - height // 4, width // 4 : width - width // 4]
    return float((middle @ LUMA).mean() / 255)
