"""How many threads of the processor torch uses."""

from __future__ import annotations

import torch


def limit_threads(count: int) -> int:
    """Use ``count`` threads, or torch's own choice for 0. Returns the number of threads that are used."""
    if count:
        torch.set_num_threads(count)
    return torch.get_num_threads()


def torch_version() -> str:
    """The version of torch that computes."""
    return str(torch.__version__)
