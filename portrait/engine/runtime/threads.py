"""How many threads of the processor torch and OpenCV use."""

from __future__ import annotations

import cv2
import torch

from portrait.engine.runtime.cores import available_cores


def limit_threads(count: int) -> int:
    """Use ``count`` threads; for 0 torch's own choice, but not more than there are cores for this process.

    Returns the number of threads that are used.
    """
    # Torch counts the cores of the machine, whatever the container may use of them.
    torch.set_num_threads(count or min(torch.get_num_threads(), available_cores()))
    # OpenCV's own choice is all cores, in each of several children.
    cv2.setNumThreads(torch.get_num_threads())
    return torch.get_num_threads()


def torch_version() -> str:
    """The version of torch that computes."""
    return str(torch.__version__)
