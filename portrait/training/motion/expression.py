"""Facial expression measured on keypoints: openings of eyes and mouth, and their statistics within a clip."""

from __future__ import annotations

import torch
from torch import Tensor

from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.motion.anatomy import CROWN, EYES, LIPS
from portrait.training.motion.dataset import FaceFrames


def eye_opening(keypoints: Keypoints) -> Tensor:
    """How far each eye is open relative to the mean face: (B, 2), 1 for an average eye."""
    assert keypoints.jacobian is not None
    return _vertical_scale(keypoints.jacobian[:, EYES]) / _vertical_scale(
        keypoints.jacobian[:, CROWN : CROWN + 1]
    )


def mouth_opening(keypoints: Keypoints) -> Tensor:
    """The distance between the lips' keypoints, in units of the face's own frame: (B,)."""
    assert keypoints.jacobian is not None
    distance = (keypoints.value[:, LIPS[1]] - keypoints.value[:, LIPS[0]]).norm(dim=-1)
    return distance / _vertical_scale(keypoints.jacobian[:, CROWN])


def _vertical_scale(jacobian: Tensor) -> Tensor:
    """The length of the image of the upright unit vector: (..., 2, 2) -> (...)."""
    return jacobian[..., 1].square().sum(-1).clamp(min=1e-8).sqrt()


def expression_features(keypoints: Keypoints) -> Tensor:
    """Pose and expression of N faces as vectors (N, F) of comparable scale."""
    return torch.cat(
        [keypoints.value.flatten(1) / 3, eye_opening(keypoints), 4 * mouth_opening(keypoints)[:, None]], 1
    )


def sampling_weights(faces: FaceFrames) -> Tensor:
    """Sampling weight of each frame, (N,), larger for openings of eyes and mouth that are rare in its clip."""
    deviation = torch.stack(
        [
            _deviation(eye_opening(faces.keypoints).mean(1), faces.clip),
            _deviation(mouth_opening(faces.keypoints), faces.clip),
        ]
    ).amax(0)
    weight = 0.5 + deviation.clamp(max=3)
    # By the square root a long clip counts more than a short one, but less than in proportion.
    lengths = torch.bincount(faces.clip)[faces.clip].float()
    return weight / lengths.sqrt()


def _deviation(values: Tensor, clip: Tensor) -> Tensor:
    """The distance of each value from its clip's mean, in standard deviations over all frames."""
    centred = subtract_clip_mean(values, clip)
    return centred.abs() / centred.std().clamp(min=1e-6)


def subtract_clip_mean(values: Tensor, clip: Tensor) -> Tensor:
    """Values (N, ...) minus the mean of their clip. ``clip``: int64 (N,)."""
    count = int(clip.max()) + 1
    sums = torch.zeros(count, *values.shape[1:], device=values.device).index_add_(0, clip, values)
    lengths = torch.bincount(clip, minlength=count).reshape(-1, *[1] * (values.ndim - 1))
    return values - (sums / lengths)[clip]


def pearson_correlation(a: Tensor, b: Tensor) -> float:
    """Pearson's correlation coefficient over all entries; 0 where one of the two is constant."""
    a, b = a.flatten() - a.mean(), b.flatten() - b.mean()
    return float((a * b).sum() / (a.norm() * b.norm()).clamp(min=1e-9))
