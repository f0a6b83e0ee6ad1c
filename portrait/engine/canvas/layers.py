"""The layers of a picture: the person, whom the flow carries, and the background, which stands still."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.carrying import Layer, Places, oversampled
from portrait.engine.fomm.region import Region
from portrait.engine.photo.picture import Picture

# Alpha, of 255, below which a pixel is background to the bit: interpolation leaves faint traces around a matte.
_NOTHING = 4


class Layers:
    """A picture with the person of ``matte``, float32 (S, S) in 0..1, before a ``background``, uint8 (S, S, 3).

    The picture, uint8 (S + 2 N, S + 2 N, 3), may reach N pixels beyond the frame at each side. The person is kept
    with colours multiplied by alpha, so that interpolation does not mix in the old background.
    """

    def __init__(self, picture: Picture, matte: NDArray[np.float32], background: Picture) -> None:
        self.background = background
        self._margin = (len(picture) - len(matte)) // 2
        around = (self._margin, self._margin, self._margin, self._margin)
        alpha = cv2.copyMakeBorder(matte, *around, borderType=cv2.BORDER_REPLICATE)[..., None]
        pixels = np.concatenate([picture * alpha, alpha * np.float32(255)], axis=2)
        self._person: Layer = oversampled(np.rint(pixels).astype(np.uint8))

    def carried(self, places: Places, part: Region | None = None) -> tuple[Picture, NDArray[np.uint8]]:
        """The frame whose pixels lie at ``places``, or a part of it: uint8 (h, w, 3), and its alpha, uint8 (h, w)."""
        rows, columns = (slice(None), slice(None)) if part is None else (part.rows, part.columns)
        person = places.carry(self._person, rows, columns, margin=self._margin)
        _level, kept = cv2.threshold(cv2.extractChannel(person, 3), _NOTHING - 1, 255, cv2.THRESH_TOZERO)
        colours, alpha = (
            np.asarray(plane, dtype=np.uint8) for plane in (cv2.cvtColor(person, cv2.COLOR_RGBA2RGB), kept)
        )
        return over(colours, alpha, self.background[rows, columns]), alpha


def over(person: Picture, alpha: NDArray[np.uint8], background: Picture) -> Picture:
    """The person, with colours multiplied by ``alpha``, before the background; where alpha is 0 it is unchanged."""
    rest = cv2.cvtColor(cv2.bitwise_not(alpha), cv2.COLOR_GRAY2RGB)
    frame = cv2.add(person, cv2.multiply(background, rest, scale=1 / 255))
    cv2.copyTo(background, cv2.inRange(alpha, 0, 0), frame)
    return np.asarray(frame, dtype=np.uint8)
