"""Crops the face of a photo with the framing of the motion model's training data."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from portrait.engine.photo.picture import Picture

CROP_SIZE = 256

# The framing of the training crops, as fractions of the frame's side, measured on the 468 face-mesh points of
# 211 clips: the face is .56 high (5th to 95th percentile: .52 to .67), its centre is .525 down and .50 across.
FACE_HEIGHT_IN_FRAME = 0.58
FACE_CENTRE_IN_FRAME = (0.5, 0.525)

# Near the picture's border, where the square reaches beyond it, the square is first made smaller, until the face has
# the largest height in the training crops,
MAX_FACE_HEIGHT_IN_FRAME = 0.66
# and then shifted by at most this fraction of the frame. What is still outside is filled by reflection.
MAX_SHIFT_IN_FRAME = 0.04
# A wide reflection can contain a second mouth or pair of eyes, which would be animated too. It is therefore blurred:
# the blur rises within this fraction of the frame to this standard deviation.
_REFLECTION_SHARP = 0.06
_REFLECTION_BLUR = 0.04


@dataclass(frozen=True)
class FaceBox:
    """A detected face, in pixels of the picture."""

    centre_x: float
    centre_y: float
    height: float  # from hairline to chin
    score: float  # the detector's; not comparable between detectors
    detector: str  # "s3fd", "mesh", or "hand" where a person said where the face is
    angle: float = 0.0  # degrees by which the face leans, clockwise as seen, as far as the detector tells


def crop_face(image: Picture, face: FaceBox, size: int = CROP_SIZE, *, margin: int = 0) -> Picture:
    """Crop a square around a face of uint8 (H, W, 3), resampled to (size, size, 3), framed as the training data.

    ``margin``: pixels more at each side of the result, with what surrounds the square in the photo. Beyond the
    picture's border the crop is filled by reflection.
    """
    height, width = image.shape[:2]
    left, top, framed = _square(face, width, height)
    more = framed * margin / size
    left, top, side = left - more, top - more, framed + 2 * more
    whole = size + 2 * margin

    # 1. The whole pixels that cover the square, reflected beyond the border.
    columns = np.arange(math.floor(left), math.ceil(left + side))
    rows = np.arange(math.floor(top), math.ceil(top + side))
    patch = image[_reflected(rows, height)[:, None], _reflected(columns, width)[None, :]]

    # 2. Resample the square, antialiased, with the same scale in both directions.
    box = (left - columns[0], top - rows[0], left - columns[0] + side, top - rows[0] + side)
    square = Image.fromarray(patch).resize((whole, whole), Image.Resampling.LANCZOS, box=box)

    # 3. Blur the reflection by each pixel's distance from the picture, as a fraction of the frame.
    centres = (np.arange(whole) + 0.5) / size
    across = np.maximum(-left / framed - centres, centres - (width - left) / framed)
    down = np.maximum(-top / framed - centres, centres - (height - top) / framed)
    outside = np.maximum(across[None, :], down[:, None])
    if outside.max() > 0:
        blurred = square.filter(ImageFilter.GaussianBlur(_REFLECTION_BLUR * size))
        weight = np.clip(outside / _REFLECTION_SHARP, 0, 1) * 255
        square.paste(blurred, mask=Image.fromarray(np.rint(weight).astype(np.uint8)))
    return np.array(square, dtype=np.uint8)


def crop_side(face: FaceBox, width: int, height: int) -> int:
    """The side of the crop of a picture of that size in the picture's own pixels: the detail that there is."""
    return max(1, round(_square(face, width, height)[2]))


def _square(face: FaceBox, width: int, height: int) -> tuple[float, float, float]:
    """Left, top and side of the crop in pixels, inside the picture as far as the framing allows."""
    across, down = FACE_CENTRE_IN_FRAME
    wanted = face.height / FACE_HEIGHT_IN_FRAME
    smallest = face.height / MAX_FACE_HEIGHT_IN_FRAME
    room = min(
        face.centre_x / across,
        (width - face.centre_x) / (1 - across),
        face.centre_y / down,
        (height - face.centre_y) / (1 - down),
    )
    side = min(wanted, max(room, smallest))
    left = _shifted_inside(face.centre_x - across * side, side, width)
    return left, _shifted_inside(face.centre_y - down * side, side, height), side


def _shifted_inside(start: float, side: float, size: int) -> float:
    """``start`` of an interval of length ``side``, shifted towards 0..``size`` by at most ``MAX_SHIFT_IN_FRAME``."""
    low, high = -start, size - side - start  # the shifts that bring an end to the border
    wanted = max(low, min(0.0, high)) if low <= high else (low + high) / 2
    most = MAX_SHIFT_IN_FRAME * side
    return start + max(-most, min(wanted, most))


def _reflected(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Indices outside 0..size-1 reflected into it, as often as needed; the border pixel is not repeated."""
    if size == 1:
        return np.zeros_like(index)
    folded = np.abs(index) % (2 * (size - 1))
    return np.where(folded < size, folded, 2 * (size - 1) - folded)
