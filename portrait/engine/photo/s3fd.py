"""S3FD, the single shot scale-invariant face detector (Zhang et al., ICCV 2017), with weights from a file.

The network is face-alignment's. Its own loader fetches the weights from the internet and says nothing useful
about a broken file, so that only the network and the decoding of its boxes are taken from there.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portrait.engine.checkpoints.weights import load_weights, read_tensors
from portrait.engine.photo.reading import Picture

# Boxes that overlap more than this (intersection over union) are one face.
_SAME_FACE = 0.3


class S3FD:
    """The network on its device."""

    def __init__(self, network: Any, device: str) -> None:
        self.network = network
        self.device = device

    def detect(self, image: Picture, threshold: float) -> NDArray[np.float64]:
        """Faces in uint8 (H, W, 3), RGB: float (N, 5), each left, top, right, bottom in pixels and a score."""
        from face_alignment.detection.sfd.bbox import nms
        from face_alignment.detection.sfd.detect import detect

        boxes = np.asarray(detect(self.network, image, device=self.device)[0], dtype=np.float64).reshape(
            -1, 5
        )
        boxes = boxes[boxes[:, 4] > threshold]
        return boxes[nms(boxes, _SAME_FACE)] if len(boxes) else boxes


@lru_cache(maxsize=1)
def load_s3fd(path: Path, device: str = "cpu") -> S3FD:
    """The detector with the weights of ``path``; kept for the next call.

    Raises CheckpointError, which names the file, when it is not the network's weights and nothing but that.
    """
    from face_alignment.detection.sfd.net_s3fd import s3fd

    network = s3fd()
    load_weights(network, read_tensors(path), path)
    return S3FD(network.to(device).eval(), device)
