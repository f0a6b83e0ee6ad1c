"""Loads small networks of ``checkpoints/face`` that OpenCV runs, in the workers only.

Weights: the MediaPipe project's, Apache-2.0 (``checkpoints/face/README.md``).
"""

from __future__ import annotations

import threading
from pathlib import Path

import cv2

from portrait.engine.errors import CheckpointError
from portrait.engine.runtime.cores import available_cores

_local = threading.local()


def limit_opencv() -> None:
    """OpenCV's own choice is one thread for each core of the machine; use no more than there are for us."""
    if cv2.getNumThreads() > (cores := available_cores()):
        cv2.setNumThreads(cores)


# For commands; the workers' children set what they were given.
limit_opencv()


def network(path: Path) -> cv2.dnn.Net:
    """The network of this thread: OpenCV's networks keep their input and are not shared between threads.

    Raises CheckpointError.
    """
    networks: dict[Path, cv2.dnn.Net] = _local.__dict__.setdefault("networks", {})
    if path not in networks:
        try:
            networks[path] = cv2.dnn.readNetFromTFLite(str(path), cv2.dnn.ENGINE_CLASSIC)
        except cv2.error as error:
            raise CheckpointError(path, "is missing, damaged or no network for OpenCV") from error
    return networks[path]
