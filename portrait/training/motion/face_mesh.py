"""Triangle mesh of a face: the ground truth of the flow between two frames."""

from __future__ import annotations

import copy

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import Delaunay
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.photo.landmarks import EYE_RINGS, INNER_LIPS
from portrait.training.motion.augmentation import inverse_affine

FLOW_SIDE = 128  # pixels
SUBPIXEL_BITS = 4  # of cv2's fixed-point polygon corners
NO_TRIANGLE = -1
# Loss weights of the regions of a face: fine motion counts more, regions that the source may not show count less.
SKIN_WEIGHT, MOUTH_WEIGHT, EYE_WEIGHT = 1.0, 2.5, 5.0
EYEBALL_FACTOR, INNER_MOUTH_FACTOR = 0.6, 0.4
INNER_MOUTH_IMPORTANCE = 4.0
# A triangle with less than this fraction of its driving area in the source is nearly occluded there.
OCCLUSION_AREA_RATIO = 0.35


class FaceMesh:
    """Triangulation of the landmarks, with each triangle's weights in the flow loss and in the image loss."""

    def __init__(self, mean: Tensor) -> None:
        """``mean``: the mean face (468, 2), whose Delaunay triangulation is used for every face."""
        corners = Delaunay(mean.numpy()).simplices.astype(np.int64)
        a, b, c = (mean.numpy()[corners[:, index]] for index in range(3))
        area = _cross_product(b - a, c - a)
        corners[area < 0] = corners[area < 0][:, ::-1]
        self.corners = torch.from_numpy(corners)  # (T, 3)
        eyes = self._grow({i for ring in EYE_RINGS for i in ring}, 2)
        mouth = self._grow(set(INNER_LIPS), 2)
        flow_weights, importances = [], []
        for corner in corners.tolist():
            triangle = set(corner)
            region = EYE_WEIGHT if triangle <= eyes else MOUTH_WEIGHT if triangle <= mouth else SKIN_WEIGHT
            if any(triangle <= set(ring) for ring in EYE_RINGS):
                flow_weights.append(region * EYEBALL_FACTOR)
                importances.append(EYE_WEIGHT)
            elif triangle <= set(INNER_LIPS):
                flow_weights.append(region * INNER_MOUTH_FACTOR)
                importances.append(INNER_MOUTH_IMPORTANCE)
            else:
                flow_weights.append(region)
                importances.append(region)
        # The entry at the end is that of NO_TRIANGLE, which is index -1.
        self.weight, self.importance = torch.tensor([*flow_weights, 0.0]), torch.tensor([*importances, 1.0])

    def to(self, device: torch.device) -> FaceMesh:
        """The same mesh, its tables on ``device``."""
        moved = copy.copy(self)
        moved.corners = self.corners.to(device)
        moved.weight, moved.importance = self.weight.to(device), self.importance.to(device)
        return moved

    def _grow(self, seed: set[int], rings: int) -> set[int]:
        """``seed`` and the landmarks within ``rings`` edges of it."""
        grown = set(seed)
        for _ in range(rings):
            touched = [corner for corner in self.corners.tolist() if grown.intersection(corner)]
            grown |= {index for corner in touched for index in corner}
        return grown

    def rasterize(self, landmarks: Tensor, side: int = FLOW_SIDE) -> NDArray[np.int16]:
        """The triangle that covers each pixel: landmarks (468, 2) in -1..1 -> int16 (side, side), -1 for none.

        Back-facing triangles are left out.
        """
        points = (landmarks.numpy() + 1) * (side / 2)
        raster = np.full((side, side), NO_TRIANGLE, np.int16)
        corners = self.corners.numpy()
        a, b, c = (points[corners[:, index]] for index in range(3))
        front = _cross_product(b - a, c - a) > 0
        fixed = np.round((points - 0.5) * 2**SUBPIXEL_BITS).astype(np.int32)
        for index in np.flatnonzero(front):
            cv2.fillConvexPoly(
                raster, fixed[corners[index]], int(index), lineType=cv2.LINE_8, shift=SUBPIXEL_BITS
            )
        return raster

    def flow(
        self, raster: Tensor, source: Tensor, driving: Tensor, theta: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The flow from driving to source frames under an augmentation that both share.

        Args:
            raster: int16 (B, 128, 128), the triangles of the driving faces.
            source, driving: landmarks (B, 468, 2) before the augmentation.
            theta: (B, 2, 3), from augmented coordinates to those before the augmentation.

        Returns the flow (B, 128, 128, 2) in augmented coordinates, its weight (B, 128, 128), which is 0 where no
        triangle is, and the importance of each pixel in image losses (B, 128, 128).
        """
        batch = len(theta)
        grid = F.affine_grid(theta, [batch, 1, FLOW_SIDE, FLOW_SIDE], align_corners=False)  # (B, 128, 128, 2)
        index = F.grid_sample(
            raster[:, None].float() + 1, grid, mode="nearest", padding_mode="zeros", align_corners=False
        )
        index = index[:, 0].long() - 1  # (B, 128, 128); -1 takes the last entry of the tables
        maps, area_ratio = self._affine_maps(source, driving)  # (B, T, 2, 3), (B, T)
        rows = torch.arange(batch, device=theta.device)[:, None, None]
        chosen = maps[rows, index]  # (B, 128, 128, 2, 3)
        in_source = (chosen[..., :2] * grid[..., None, :]).sum(-1) + chosen[..., 2]
        inverse = inverse_affine(theta)[:, None, None]
        flow = (inverse[..., :2] * in_source[..., None, :]).sum(-1) + inverse[..., 2]
        ratio = area_ratio[rows, index]
        visible = (ratio / OCCLUSION_AREA_RATIO).clamp(0.05, 1) * (ratio > 0)
        weight = self.weight.to(theta.device)[index] * visible
        return flow, weight, self.importance.to(theta.device)[index]

    def _affine_maps(self, source: Tensor, driving: Tensor) -> tuple[Tensor, Tensor]:
        """Affine maps of the triangles from driving to source, (B, T, 2, 3), and their ratios of area, (B, T)."""
        corners = self.corners.to(source.device)
        source_corners, driving_corners = source[:, corners], driving[:, corners]  # (B, T, 3, 2)
        source_edges = source_corners[:, :, 1:] - source_corners[:, :, :1]  # (B, T, 2, 2), as rows
        driving_edges = driving_corners[:, :, 1:] - driving_corners[:, :, :1]
        source_area, driving_area = _determinant(source_edges), _determinant(driving_edges)
        area = torch.where(driving_area.abs() < 1e-6, torch.full_like(driving_area, 1e-6), driving_area)
        adjugate = torch.stack(
            [
                torch.stack([driving_edges[..., 1, 1], -driving_edges[..., 0, 1]], -1),
                torch.stack([-driving_edges[..., 1, 0], driving_edges[..., 0, 0]], -1),
            ],
            -2,
        )
        linear = ((adjugate / area[..., None, None]) @ source_edges).transpose(-1, -2)  # p -> linear @ p
        shift = source_corners[:, :, 0] - (linear * driving_corners[:, :, :1]).sum(-1)
        maps = torch.cat([linear, shift[..., None]], -1)
        identity = torch.eye(2, 3, device=maps.device).expand(len(maps), 1, 2, 3)
        ratio = source_area / area
        return torch.cat([maps, identity], 1), torch.cat([ratio, torch.zeros_like(ratio[:, :1])], 1)


def _determinant(matrices: Tensor) -> Tensor:
    """Of (..., 2, 2): (...)."""
    return matrices[..., 0, 0] * matrices[..., 1, 1] - matrices[..., 0, 1] * matrices[..., 1, 0]


def _cross_product(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    area: NDArray[np.float32] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return area
