"""The matte of the person in a crop. TEMPORARY."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.photo.face_networks import FACE_WEIGHTS, _network
from portrait.engine.photo.picture import Picture


def person_matte(picture: Picture, checkpoints: Path | None = None) -> NDArray[np.float32]:
    net = _network(FACE_WEIGHTS / "selfie_segmentation.tflite")
    net.setInput(cv2.dnn.blobFromImage(picture, 1 / 255.0, (256, 256)))
    side = len(picture)
    return (
        cv2.resize(net.forward()[0, 0], (side, side), interpolation=cv2.INTER_CUBIC)
        .clip(0, 1)
        .astype(np.float32)
    )
