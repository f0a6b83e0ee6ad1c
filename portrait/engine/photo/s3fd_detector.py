"""S3FD, the single shot scale-invariant face detector (Zhang et al., ICCV 2017), with weights from a file.

Network and box decoding are face-alignment's. Its own loader is not used: it downloads the weights and has no useful
error for a damaged file.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portrait.engine.checkpoints.weights import load_weights, read_tensors
from portrait.engine.photo.box_framing import BoxFraming
from portrait.engine.photo.crop import FaceBox
from portrait.engine.photo.picture import Picture, scaled

# S3FD was trained on the boxes of WIDER FACE, from forehead to chin. Not measured: derived from that definition,
# with an allowance for the hairline.
FRAMING = BoxFraming(height=1.05, right=0.0, down=-0.02)
# Pictures are reduced to this longest side in pixels.
MAX_SIDE = 640
THRESHOLD = 0.5
# Boxes with a larger intersection over union are one face (non-maximum suppression).
MAX_OVERLAP = 0.3


class S3FDDetector:
    """The network on its device. A FaceDetector."""

    # It does not tell how a face stands.
    certain = THRESHOLD

    def __init__(self, network: Any, device: str) -> None:
        self.network = network
        self.device = device

    def detect(self, image: Picture, *, small: bool = True) -> list[FaceBox]:
        """All faces of uint8 (H, W, 3), RGB, whatever their size."""
        scale = min(1.0, MAX_SIDE / max(image.shape[:2]))
        reduced = scaled(image, scale) if scale < 1 else image
        faces = []
        for left, top, right, bottom, score in self.boxes(reduced, THRESHOLD).tolist():
            x, y, side = (left + right) / 2 / scale, (top + bottom) / 2 / scale, (bottom - top) / scale
            faces.append(FRAMING.face(x, y, side, score=score, detector="s3fd"))
        return faces

    def boxes(self, image: Picture, threshold: float) -> NDArray[np.float64]:
        """Boxes in uint8 (H, W, 3), RGB: float (N, 5), each left, top, right, bottom in pixels and a score."""
        from face_alignment.detection.sfd.bbox import nms
        from face_alignment.detection.sfd.detect import detect

        detected = detect(self.network, image, device=self.device)[0]
        boxes = np.asarray(detected, dtype=np.float64).reshape(-1, 5)
        boxes = boxes[boxes[:, 4] > threshold]
        return boxes[nms(boxes, MAX_OVERLAP)] if len(boxes) else boxes


@lru_cache(maxsize=1)
def load_s3fd(path: Path, device: str = "cpu") -> S3FDDetector:
    """The detector with the weights of ``path``, cached for the next call.

    Raises CheckpointError, which names the file, where it does not have exactly the network's weights.
    """
    from face_alignment.detection.sfd.net_s3fd import s3fd

    network = s3fd()
    load_weights(network, read_tensors(path), path)
    return S3FDDetector(network.to(device).eval(), device)
