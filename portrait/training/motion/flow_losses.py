"""Losses of a flow field (B, 128, 128, 2) in -1..1. Their values are in pixels of a 128 x 128 image."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.fomm.compact.geometry import coordinate_grid
from portrait.training.motion.face_mesh import FLOW_SIDE
from portrait.training.motion.pair_sampler import PairBatch

PIXELS = FLOW_SIDE / 2  # pixels for each unit of the flow
# Above this error in pixels the loss rises with a smaller slope.
OUTLIER_THRESHOLD, OUTLIER_SLOPE = 6.0, 0.25
CHARBONNIER_SOFTNESS = 0.3  # pixels


def flow_loss(flow: Tensor, pairs: PairBatch) -> Tensor:
    """The error of a flow against the mesh's, weighted by ``pairs.weight``: a scalar."""
    error = charbonnier_length((flow - pairs.flow) * PIXELS)
    # Outliers count less, but their gradient does not vanish: a flow that misses the face must still reach it.
    outlier = OUTLIER_THRESHOLD + OUTLIER_SLOPE * (error - OUTLIER_THRESHOLD)
    error = torch.where(error > OUTLIER_THRESHOLD, outlier, error)
    return (error * pairs.weight).sum() / pairs.weight.sum()


def charbonnier_length(vectors: Tensor) -> Tensor:
    """The sum of the smoothed absolute coordinates of vectors: (..., 2) -> (...)."""
    return torch.sqrt(vectors * vectors + CHARBONNIER_SOFTNESS**2).sum(-1)


def static_region_loss(flow: Tensor, pairs: PairBatch) -> Tensor:
    """Mean motion of the flow outside the face, where source and driving frame are the same: a scalar."""
    change = (pairs.source - pairs.driving).abs().mean(1, keepdim=True)
    change = F.avg_pool2d(F.avg_pool2d(change, 2), 9, 1, 4)[:, 0]
    static = ((change < 0.02) & (pairs.weight <= 0)).float()
    motion = (flow - coordinate_grid(FLOW_SIDE, flow.device)).abs().sum(-1) * PIXELS
    return (motion * static).mean()


def bending_loss(flow: Tensor) -> Tensor:
    """Mean absolute second differences of a flow, a scalar: 0 for an affine motion."""
    across, down = flow[:, :, 1:] - flow[:, :, :-1], flow[:, 1:] - flow[:, :-1]
    second_across, second_down = across[:, :, 1:] - across[:, :, :-1], down[:, 1:] - down[:, :-1]
    return (second_across.abs().mean() + second_down.abs().mean()) * PIXELS
