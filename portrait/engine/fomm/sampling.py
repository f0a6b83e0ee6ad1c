"""Bilinear sampling of one source's features for many frames, as a weighted sum of rows of a table."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def sample_features(
    features: Tensor, field: Tensor, gain: Tensor | None, *, border: bool, align_corners: bool
) -> Tensor:
    """``F.grid_sample`` of one image at many grids, times ``gain``.

    With channels last, a pixel's features are one row of a table; a sample is the weighted sum of four rows. The
    source is not copied for each frame, the occlusion costs nothing, and the result is channels last.

    ``features``: float32 (1, C, H, W), or (B, C, H, W) in training. ``field``: float32 (B, h, w, 2), x and y in
    -1..1. ``gain``: float32 (B, 1, h, w) or None. ``border``: outside, the border is replicated, else it is
    black.
    Returns float32 (B, C, h, w).
    """
    channels, height, width = features.shape[1:]
    batch, rows, columns, _ = field.shape
    if len(features) > 1 or not features.is_contiguous(memory_format=torch.channels_last):
        # No single table, or its rows would have to be assembled first.
        padding = "border" if border else "zeros"
        source = features.float().expand(batch, -1, -1, -1)
        moved = F.grid_sample(source, field, padding_mode=padding, align_corners=align_corners)
        return moved if gain is None else moved * gain
    table = features.float().permute(0, 2, 3, 1).reshape(height * width, channels)
    weight = torch.ones((batch, rows, columns), device=field.device) if gain is None else gain[:, 0]
    places = []
    for axis, size in ((0, width), (1, height)):
        position = field[..., axis]
        position = (
            (position + 1) * (0.5 * (size - 1)) if align_corners else (position + 1) * (0.5 * size) - 0.5
        )
        # Far outside the value is constant, and the index must not overflow.
        position = position.clamp(0, size - 1) if border else position.clamp(-1, size)
        low = position.floor()
        share = position - low
        first = low.long()
        second = first + 1
        near, far = 1 - share, share
        if not border:
            near, far = near * (first >= 0) * (first < size), far * (second < size)
        places.append(((first.clamp(0, size - 1), near), (second.clamp(0, size - 1), far)))
    index = torch.stack([y * width + x for y, _ in places[1] for x, _ in places[0]], -1)  # (B, h, w, 4)
    share = torch.stack([weight * v * u for _, v in places[1] for _, u in places[0]], -1)
    out = F.embedding_bag(
        index.reshape(-1, 4), table, per_sample_weights=share.reshape(-1, 4), mode="sum"
    )  # (B * h * w, C)
    return out.reshape(batch, rows, columns, channels).permute(0, 3, 1, 2)
