"""Padding by reflection, in the form for training on a GPU."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from portrait.engine.style.reflection import Reflection


@pytest.mark.parametrize("pad", [1, 4])
def test_the_form_for_a_gpu_has_the_values_and_the_gradient_of_the_plain_one(pad: int) -> None:
    """Both mirror the pixels next to the border, and each pixel gets the gradients of all its copies."""
    x = torch.rand(2, 3, 9, 7, dtype=torch.float64, requires_grad=True)
    weight = torch.rand(2, 3, 9 + 2 * pad, 7 + 2 * pad, dtype=torch.float64)
    wanted = F.pad(x, (pad, pad, pad, pad), mode="reflect")
    padded = Reflection.apply(x, pad)
    assert torch.equal(padded, wanted)
    (gradient,) = torch.autograd.grad((wanted * weight).sum(), x)
    (own,) = torch.autograd.grad((padded * weight).sum(), x)
    assert torch.allclose(own, gradient)
