"""From a driving motion to the keypoints that the generator gets (Siarohin et al., 2019, section 3.3)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from portrait.engine.fomm.keypoints import Keypoints


def hull_area(points: NDArray[np.float32]) -> float:
    """The area of the convex hull of (K, 2) points; 0 for fewer than three, or where they lie on a line."""
    try:
        return float(ConvexHull(points).volume)  # in the plane scipy's volume is the area
    except (QhullError, ValueError):
        return 0.0


def relative_motion(
    source: Keypoints, driving: Keypoints, first: Keypoints, *, scale: float = 1.0
) -> Keypoints:
    """``driving`` as a change since ``first``, applied to ``source``: (T, K, ...) keypoints.

    Displacements are multiplied by ``scale``, the source face's size over the driving one's.
    """
    value = source.value + (driving.value - first.value) * scale
    if source.jacobian is None or driving.jacobian is None or first.jacobian is None:
        return Keypoints(value, None)
    return Keypoints(value, driving.jacobian @ torch.linalg.inv(first.jacobian) @ source.jacobian)


def hull_scale(source: Keypoints, first: Keypoints) -> float:
    """The size of the source's face over the driver's, from the areas of the keypoints' convex hulls.

    1 where a hull has no area.
    """
    areas = [hull_area(points.value[0].cpu().numpy()) for points in (source, first)]
    return float(np.sqrt(areas[0] / areas[1])) if min(areas) > 0 else 1.0


def closest_frame(source: Keypoints, driving: Keypoints) -> int:
    """The index of the driving frame whose pose is nearest to the source's, independent of position and size."""

    def normalised(points: NDArray[np.float32]) -> NDArray[np.float32]:
        centred = points - points.mean(axis=0, keepdims=True)
        result: NDArray[np.float32] = centred / np.sqrt(hull_area(centred) or 1.0)
        return result

    target = normalised(source.value[0].cpu().numpy())
    distances = [float(((normalised(frame) - target) ** 2).sum()) for frame in driving.value.cpu().numpy()]
    return int(np.argmin(distances))
