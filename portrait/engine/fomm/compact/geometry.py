"""Coordinates, 2x2 matrices and quadratic forms of the compact network.

Coordinates put -1 and 1 on the outer edges of the corner pixels (``align_corners=False``).
"""

from __future__ import annotations

import torch
from torch import Tensor

SIDE = 256  # of the pictures
FINE, COARSE = 128, 64  # of the flow and of the hourglasses


def coordinate_grid(side: int, device: torch.device) -> Tensor:
    """float32 (side, side, 2): x, y of each pixel's centre."""
    line = (torch.arange(side, device=device, dtype=torch.float32) + 0.5) * 2 / side - 1
    return torch.stack([line.expand(side, side), line[:, None].expand(side, side)], dim=-1)


def inverse(matrix: Tensor) -> Tensor:
    """Inverse of (..., 2, 2); a determinant near zero is replaced, so that a closed eye's stays finite."""
    a, b, c, d = matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 1, 0], matrix[..., 1, 1]
    determinant = a * d - b * c
    determinant = torch.where(determinant.abs() < 1e-3, torch.full_like(determinant, 1e-3), determinant)
    adjugate = torch.stack([torch.stack([d, -b], -1), torch.stack([-c, a], -1)], -2)
    return adjugate / determinant[..., None, None]


def product(a: Tensor, b: Tensor) -> Tensor:
    """(..., 2, 2) @ (..., 2, 2), without matmul, which autocast would compute in bfloat16."""
    return (a[..., :, :, None] * b[..., None, :, :]).sum(-2)


def quadratic(form: Tensor, centre: Tensor, side: int) -> Tensor:
    """(z - c)' Q (z - c) at every pixel: forms Q (B, n, 2, 2) around c (B, n, 2) -> (B, n, side, side).

    Expanded to six coefficients per form and six monomials per pixel: one matrix product.
    """
    towards = (form * centre[:, :, None]).sum(-1)  # (B, n, 2)
    coefficients = torch.stack(
        [
            form[..., 0, 0],
            form[..., 0, 1] + form[..., 1, 0],
            form[..., 1, 1],
            -2 * towards[..., 0],
            -2 * towards[..., 1],
            (towards * centre).sum(-1),
        ],
        -1,
    )  # (B, n, 6)
    x, y = coordinate_grid(side, form.device).reshape(-1, 2).unbind(-1)
    monomials = torch.stack([x * x, x * y, y * y, x, y, torch.ones_like(x)])  # (6, side * side)
    with without_autocast(form):
        return (coefficients @ monomials).reshape(*coefficients.shape[:2], side, side)


def without_autocast(x: Tensor) -> torch.autocast:
    """Keeps matrix products float32 in training, where bfloat16 would round coordinates to a pixel."""
    return torch.autocast(x.device.type, enabled=False)
