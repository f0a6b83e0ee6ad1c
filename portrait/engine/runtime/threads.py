"""How many threads of the processor torch and OpenCV use."""

from __future__ import annotations

import cv2
import torch


def limit_threads(count: int) -> int:
    """Use ``count`` threads, or torch's own choice for 0. Returns the number of threads that are used."""
    if count:
        torch.set_num_threads(count)
    # OpenCV's own choice is all cores, in each of several children.
    cv2.setNumThreads(torch.get_num_threads())
    return torch.get_num_threads()


def torch_version() -> str:
    """The version of torch that computes."""
    return str(torch.__version__)
