"""An engine uses the threads that it was given, and no more."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import pytest
import torch

from portrait.engine.runtime.threads import limit_threads


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = torch.get_num_threads(), cv2.getNumThreads()
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


def test_torch_and_opencv_use_as_many_threads_as_were_asked_for() -> None:
    assert limit_threads(1) == 1
    assert (torch.get_num_threads(), cv2.getNumThreads()) == (1, 1)


def test_without_a_number_opencv_follows_torch() -> None:
    cv2.setNumThreads(7)
    assert limit_threads(0) == torch.get_num_threads() == cv2.getNumThreads()
