"""The face's mesh as a teacher of the flow: where every pixel of a driving face lies in the source's picture."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import Delaunay
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.fomm.compact.geometry import coordinate_grid
from portrait.training.landmarks import EYE_RINGS, INNER_LIPS

SIDE = 128  # of the flow
SUBPIXEL = 4  # bits of cv2's fixed-point polygon corners
NO_TRIANGLE = -1
# How much a pixel's flow counts: what moves finely counts more, what the source does not show counts less.
SKIN, AROUND_MOUTH, AROUND_EYES = 1.0, 2.5, 5.0
EYEBALL, MOUTH_INSIDE = 0.6, 0.4
HIDDEN = 0.35  # of its driving area: a triangle smaller than this in the source is about to be hidden there


class Mesh:
    """Triangles of the landmarks: their corners, weights for the flow, and importance for the picture."""

    def __init__(self, mean: Tensor) -> None:
        """``mean``: the mean face (468, 2), whose Delaunay triangulation is used for every face."""
        corners = Delaunay(mean.numpy()).simplices.astype(np.int64)
        a, b, c = (mean.numpy()[corners[:, index]] for index in range(3))
        area = _cross(b - a, c - a)
        corners[area < 0] = corners[area < 0][:, ::-1]
        self.corners = torch.from_numpy(corners)  # (T, 3)
        eyes = self._grow({i for ring in EYE_RINGS for i in ring}, 2)
        mouth = self._grow(set(INNER_LIPS), 2)
        flow, picture = [], []
        for corner in corners.tolist():
            inside = set(corner)
            near = AROUND_EYES if inside <= eyes else AROUND_MOUTH if inside <= mouth else SKIN
            if any(inside <= set(ring) for ring in EYE_RINGS):
                flow.append(near * EYEBALL)
                picture.append(AROUND_EYES)
            elif inside <= set(INNER_LIPS):
                flow.append(near * MOUTH_INSIDE)
                picture.append(4.0)
            else:
                flow.append(near)
                picture.append(near)
        # One more entry at the end answers for NO_TRIANGLE.
        self.weight, self.importance = torch.tensor([*flow, 0.0]), torch.tensor([*picture, 1.0])

    def _grow(self, seed: set[int], rings: int) -> set[int]:
        """``seed`` and the landmarks within ``rings`` edges of it."""
        grown = set(seed)
        for _ in range(rings):
            touched = [corner for corner in self.corners.tolist() if grown.intersection(corner)]
            grown |= {index for corner in touched for index in corner}
        return grown

    def raster(self, landmarks: Tensor) -> NDArray[np.int16]:
        """Which triangle covers each pixel: landmarks (468, 2) in -1..1 -> int16 (128, 128), -1 for none.

        Triangles that face away are left out.
        """
        points = (landmarks.numpy() + 1) * (SIDE / 2)
        drawn = np.full((SIDE, SIDE), NO_TRIANGLE, np.int16)
        corners = self.corners.numpy()
        a, b, c = (points[corners[:, index]] for index in range(3))
        front = _cross(b - a, c - a) > 0
        fixed = np.round((points - 0.5) * 2**SUBPIXEL).astype(np.int32)
        for index in np.flatnonzero(front):
            cv2.fillConvexPoly(drawn, fixed[corners[index]], int(index), lineType=cv2.LINE_8, shift=SUBPIXEL)
        return drawn

    def flow(
        self, raster: Tensor, source: Tensor, driving: Tensor, theta: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Flow under an augmentation that both pictures share.

        ``raster`` int16 (B, 128, 128) of the driving faces; landmarks ``source``, ``driving`` (B, 468, 2) before the
        augmentation; ``theta`` (B, 2, 3) takes augmented coordinates to those before. Gives the flow
        (B, 128, 128, 2) in augmented coordinates, its weight (B, 128, 128), 0 where the mesh says nothing, and the
        importance of each pixel of the picture (B, 128, 128).
        """
        batch = len(theta)
        grid = F.affine_grid(theta, [batch, 1, SIDE, SIDE], align_corners=False)  # (B, 128, 128, 2)
        index = F.grid_sample(
            raster[:, None].float() + 1, grid, mode="nearest", padding_mode="zeros", align_corners=False
        )
        index = index[:, 0].long() - 1  # (B, 128, 128); -1 takes the last entry of the tables
        maps, shrink = self._maps(source, driving)  # (B, T, 2, 3), (B, T)
        rows = torch.arange(batch, device=theta.device)[:, None, None]
        chosen = maps[rows, index]  # (B, 128, 128, 2, 3)
        seen = (chosen[..., :2] * grid[..., None, :]).sum(-1) + chosen[..., 2]
        back = inverse_affine(theta)[:, None, None]
        flow = (back[..., :2] * seen[..., None, :]).sum(-1) + back[..., 2]
        visible = (shrink[rows, index] / HIDDEN).clamp(0.05, 1) * (shrink[rows, index] > 0)
        weight = self.weight.to(theta.device)[index] * visible
        return flow, weight, self.importance.to(theta.device)[index]

    def _maps(self, source: Tensor, driving: Tensor) -> tuple[Tensor, Tensor]:
        """Affine maps of the triangles from driving to source, (B, T, 2, 3), and how much area they keep, (B, T)."""
        corners = self.corners.to(source.device)
        s, d = source[:, corners], driving[:, corners]  # (B, T, 3, 2)
        to, of = s[:, :, 1:] - s[:, :, :1], d[:, :, 1:] - d[:, :, :1]  # (B, T, 2, 2): edges as rows
        area = of[..., 0, 0] * of[..., 1, 1] - of[..., 0, 1] * of[..., 1, 0]
        kept = to[..., 0, 0] * to[..., 1, 1] - to[..., 0, 1] * to[..., 1, 0]
        safe = torch.where(area.abs() < 1e-6, torch.full_like(area, 1e-6), area)
        adjugate = torch.stack(
            [
                torch.stack([of[..., 1, 1], -of[..., 0, 1]], -1),
                torch.stack([-of[..., 1, 0], of[..., 0, 0]], -1),
            ],
            -2,
        )
        linear = ((adjugate / safe[..., None, None]) @ to).transpose(-1, -2)  # p -> linear @ p
        shift = s[:, :, 0] - (linear * d[:, :, :1]).sum(-1)
        maps = torch.cat([linear, shift[..., None]], -1)
        still = torch.eye(2, 3, device=maps.device).expand(len(maps), 1, 2, 3)
        return torch.cat([maps, still], 1), torch.cat([kept / safe, torch.zeros_like(kept[:, :1])], 1)


def inverse_affine(theta: Tensor) -> Tensor:
    """The inverse of affine maps (B, 2, 3)."""
    linear = torch.linalg.inv(theta[:, :, :2])
    return torch.cat([linear, -linear @ theta[:, :, 2:]], -1)


def face_pixels(raster: Tensor) -> Tensor:
    """1 where a mesh covers the pixel: int16 (..., 128, 128) -> float32."""
    return (raster != NO_TRIANGLE).float()


def identity_flow(device: torch.device) -> Tensor:
    """The flow that moves nothing, (128, 128, 2)."""
    return coordinate_grid(SIDE, device)


def _cross(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    area: NDArray[np.float32] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return area
