"""Fits first-order keypoints to face landmarks: the training targets of the keypoint detector.

The landmarks are the 468 points of MediaPipe's face mesh (Kartynnik et al., *Real-time facial surface geometry from
monocular video on mobile GPUs*, 2019). A keypoint is the centroid of a group of them. Its Jacobian is the affine fit
of the group against the same group of a symmetric mean face, regularized towards the fit of the whole face where the
group is small or thin, so that an eye's Jacobian follows a blink and stays invertible.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from portrait.engine.motion.anatomy import NAMES, mirror_name
from portrait.engine.photo.landmarks import LEFT_EYE, RIGHT_EYE

LANDMARKS = 468
# Bounds of the singular values of a keypoint's Jacobian relative to the whole face's.
MIN_SINGULAR_VALUE, MAX_SINGULAR_VALUE = 0.15, 3.0
# The landmarks of each keypoint, in the keypoints' order. The groups of a pair list corresponding landmarks in the
# same order. The number is the strength of the regularization towards the whole face's fit.
GROUPS: dict[str, tuple[list[int], float]] = {
    "eye_right": (RIGHT_EYE, 0.1),
    "eye_left": (LEFT_EYE, 0.1),
    "brow_right": ([70, 63, 105, 66, 107, 55, 65, 52, 53, 46], 0.5),
    "brow_left": ([300, 293, 334, 296, 336, 285, 295, 282, 283, 276], 0.5),
    "bridge": ([6, 168, 197, 195, 122, 351, 196, 419, 193, 417, 8, 9, 188, 412], 0.3),
    "nose": ([1, 4, 5, 45, 275, 44, 274, 19, 94, 48, 278, 115, 344, 220, 440, 98, 327, 2, 64, 294], 0.3),
    "mouth_right": ([61, 76, 62, 78, 57, 186, 92, 216, 43, 106, 91, 146, 185, 40, 96, 183, 95, 191], 0.3),
    "mouth_left": (
        [291, 306, 292, 308, 287, 410, 322, 436, 273, 335, 321, 375, 409, 270, 325, 407, 324, 415],
        0.3,
    ),
    "upper_lip": ([40, 39, 37, 0, 267, 269, 270, 191, 80, 81, 82, 13, 312, 311, 310, 415], 0.3),
    "lower_lip": ([91, 181, 84, 17, 314, 405, 321, 88, 178, 87, 14, 317, 402, 318, 95, 324], 0.3),
    "chin": ([152, 148, 176, 377, 400, 175, 199, 171, 396, 208, 428, 200, 18, 83, 313], 0.3),
    "jaw_right": ([172, 136, 150, 58, 132, 138, 135, 169, 192, 213, 147, 215, 210], 1.0),
    "jaw_left": ([397, 365, 379, 288, 361, 367, 364, 394, 416, 433, 376, 435, 430], 1.0),
    "temple_right": ([127, 234, 162, 93, 21, 139, 34, 227, 54, 71, 156, 137, 116], 1.0),
    "temple_left": ([356, 454, 389, 323, 251, 368, 264, 447, 284, 301, 383, 366, 345], 1.0),
    "crown": (list(range(LANDMARKS)), 0.0),
}
TOP = 10  # the landmark at the hairline; the crown lies beyond it
CROWN_HEIGHT = 1.28  # from the centre of the face, in distances to the hairline
assert tuple(GROUPS) == NAMES


@dataclass(frozen=True)
class KeypointFit:
    """Least-squares fit of keypoints to landmarks. ``mean``: float32 (468, 2), upright, symmetric, centred at 0."""

    mean: Tensor

    def __call__(self, landmarks: Tensor) -> tuple[Tensor, Tensor]:
        """float32 (B, 468, 2) in -1..1 -> values (B, K, 2) and Jacobians (B, K, 2, 2)."""
        whole = self._fit(landmarks, "crown", None)
        centre = landmarks.mean(1)
        values, jacobians = [], []
        for name, (group, _) in GROUPS.items():
            if name == "crown":
                offset = (self.mean[TOP] - self.mean.mean(0)) * CROWN_HEIGHT
                values.append(centre + whole @ offset)
                jacobians.append(whole)
            else:
                values.append(landmarks[:, group].mean(1))
                jacobians.append(self._fit(landmarks, name, whole))
        return torch.stack(values, 1), clamp_jacobians(torch.stack(jacobians, 1), whole)

    def _fit(self, landmarks: Tensor, name: str, whole: Tensor | None) -> Tensor:
        """Ridge regression of a group on the mean face, regularized towards ``whole``: (B, 2, 2)."""
        group, strength = GROUPS[name]
        mean_points = self.mean[group] - self.mean[group].mean(0)  # (n, 2)
        points = landmarks[:, group] - landmarks[:, group].mean(1, keepdim=True)  # (B, n, 2)
        scatter = mean_points.T @ mean_points
        ridge = strength * torch.linalg.eigvalsh(scatter)[0]
        product = points.transpose(1, 2) @ mean_points  # (B, 2, 2)
        if whole is not None:
            product = product + ridge * whole
        return product @ torch.linalg.inv(scatter + ridge * torch.eye(2))


def clamp_jacobians(jacobians: Tensor, whole: Tensor) -> Tensor:
    """Jacobians (B, K, 2, 2) without reflection, their singular values bounded relative to ``whole`` (B, 2, 2)."""
    relative = jacobians @ torch.linalg.inv(whole)[:, None]
    u, s, vt = torch.linalg.svd(relative)
    sign = torch.sign(torch.linalg.det(u) * torch.linalg.det(vt))
    s = torch.stack([s[..., 0], s[..., 1] * sign], -1).clamp(MIN_SINGULAR_VALUE, MAX_SINGULAR_VALUE)
    vt = torch.stack([vt[..., 0, :], vt[..., 1, :] * sign[..., None]], -2)
    return (u * s[..., None, :]) @ vt @ whole[:, None]


def mean_face(landmarks: Tensor) -> Tensor:
    """The symmetric mean of the frontal faces among (N, 468, 2) in -1..1, centred and of median size: (468, 2)."""
    nose, right, left = landmarks[:, 1, 0], landmarks[:, 234, 0], landmarks[:, 454, 0]
    yaw = ((nose - right) / (left - right) - 0.5).abs()
    # A small collection may have no frontal face; the 40 % that are most frontal are then used.
    frontal = landmarks[yaw <= yaw.quantile(0.4).clamp(min=0.06)]
    faces = frontal - frontal.mean(1, keepdim=True)
    sizes = faces.square().sum(-1).mean(1).sqrt()
    faces = faces / sizes[:, None, None]
    reference = faces[0]
    for _ in range(3):
        # Procrustes analysis: rotate every face onto the reference, then take the mean.
        along = (faces * reference).sum((1, 2))
        across = (faces[..., 0] * reference[:, 1] - faces[..., 1] * reference[:, 0]).sum(1)
        length = torch.hypot(along, across)
        c, s = (along / length)[:, None], (across / length)[:, None]
        rotated = torch.stack(
            [c * faces[..., 0] - s * faces[..., 1], s * faces[..., 0] + c * faces[..., 1]], -1
        )
        reference = rotated.mean(0)
    # Upright: from the chin to the hairline.
    up = reference[TOP] - reference[152]
    angle = torch.atan2(up[0], -up[1])
    c, s = torch.cos(angle), torch.sin(angle)
    reference = reference @ torch.stack([torch.stack([c, -s]), torch.stack([s, c])])
    partner = mirror_partners(reference)
    symmetric = (reference + reference[partner] * torch.tensor([-1.0, 1.0])) / 2
    return (symmetric - symmetric.mean(0)) * sizes.median()


def mirror_partners(face: Tensor) -> Tensor:
    """For each landmark of an upright face (468, 2) the index of its mirror image: int64 (468,)."""
    distance = torch.cdist(face * torch.tensor([-1.0, 1.0]), face)
    # Where rings of landmarks lie close together the distance is ambiguous: the pairs of groups take precedence.
    for name, (group, _) in GROUPS.items():
        if mirror_name(name) != name:
            distance[group, GROUPS[mirror_name(name)][0]] -= 10
    rows, columns = linear_sum_assignment(distance.numpy())
    partner = torch.empty(LANDMARKS, dtype=torch.long)
    partner[torch.from_numpy(columns)] = torch.from_numpy(rows)
    return partner
