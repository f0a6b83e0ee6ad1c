"""Sampling of training pairs: two frames of one clip, a source and the driving frame to reconstruct from it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.fomm.keypoints import Keypoints
from portrait.training.motion.augmentation import (
    AffineAugmentation,
    jitter_colour,
    transform_keypoints,
    warp_images,
)
from portrait.training.motion.dataset import FaceFrames
from portrait.training.motion.expression import expression_features, sampling_weights
from portrait.training.motion.face_mesh import FLOW_SIDE, FaceMesh

SOURCE_CANDIDATES = 6  # for each driving frame
LARGEST_DIFFERENCE_SHARE = 0.7  # of the pairs take the candidate that differs most, the others a random one
VALUE_NOISE, JACOBIAN_NOISE = 0.006, 0.02  # standard deviations of the detector's simulated error


@dataclass(frozen=True)
class PairBatch:
    """A batch of augmented pairs with the ground truth from the mesh."""

    source: Tensor  # float32 (B, 3, 256, 256) in 0..1
    driving: Tensor  # float32 (B, 3, 256, 256) in 0..1
    source_keypoints: Keypoints
    driving_keypoints: Keypoints
    flow: Tensor  # (B, 128, 128, 2) from driving to source, in -1..1
    weight: Tensor  # (B, 128, 128) of the flow; 0 outside the face
    importance: Tensor  # (B, 128, 128) of each pixel in image losses
    # (B, 1, 128, 128) in 0..1, how much of each pixel belongs to the person; None where no mattes are known.
    source_matte: Tensor | None = None
    driving_matte: Tensor | None = None


class PairSampler:
    """Samples augmented pairs. Frames with rare expressions and pairs with large differences are preferred.

    ``faces`` and ``generator`` are on one device, where the batches are made.
    """

    def __init__(
        self,
        faces: FaceFrames,
        mesh: FaceMesh,
        *,
        augmentation: AffineAugmentation,
        colour_jitter: float,
        batch: int,
        generator: torch.Generator,
    ) -> None:
        self.faces, self.mesh = faces, mesh
        self.augmentation, self.colour_jitter = augmentation, colour_jitter
        self.batch, self.generator = batch, generator
        self.sampling_weights = sampling_weights(faces)
        lengths = torch.bincount(faces.clip)
        self.lengths, self.starts = lengths, torch.cumsum(lengths, 0) - lengths
        self.expressions = expression_features(faces.keypoints)
        self.mirrored_borders = False  # of the next batch; alternates

    def sample(self, device: torch.device) -> PairBatch:
        """The next batch, on ``device``."""
        driving = torch.multinomial(
            self.sampling_weights, self.batch, replacement=True, generator=self.generator
        )
        source = self._sample_sources(driving)
        theta = self.augmentation.sample(self.batch, self.generator)
        frames = self.faces.frames
        padding = "reflection" if self.mirrored_borders else "border"
        self.mirrored_borders = not self.mirrored_borders
        images = torch.stack([warp_images(frames[index], theta, padding) for index in (source, driving)], 1)
        # The same jitter for both frames of a pair, so that they differ by motion alone.
        images = jitter_colour(images, self.generator, self.colour_jitter).to(device)
        landmarks = self.faces.landmarks
        flow, weight, importance = self.mesh.flow(
            self.faces.raster[driving], landmarks[source], landmarks[driving], theta
        )
        mattes = [self._mattes(index, theta, padding, device) for index in (source, driving)]
        return PairBatch(
            source=images[:, 0],
            driving=images[:, 1],
            source_keypoints=transform_keypoints(self.faces.keypoints[source], theta).to(device),
            driving_keypoints=transform_keypoints(self.faces.keypoints[driving], theta).to(device),
            flow=flow.to(device),
            weight=weight.to(device),
            importance=importance.to(device),
            source_matte=mattes[0],
            driving_matte=mattes[1],
        )

    def _mattes(self, index: Tensor, theta: Tensor, padding: str, device: torch.device) -> Tensor | None:
        if self.faces.mattes is None:
            return None
        grid = F.affine_grid(theta, [self.batch, 1, FLOW_SIDE, FLOW_SIDE], align_corners=False)
        stored = self.faces.mattes[index][:, None].float() / 255
        return F.grid_sample(stored, grid, padding_mode=padding, align_corners=False).to(device)

    def _sample_sources(self, driving: Tensor) -> Tensor:
        clip = self.faces.clip[driving]
        place = self.generator.device
        draw = torch.rand(self.batch, SOURCE_CANDIDATES, generator=self.generator, device=place)
        # Offsets from 1 to the clip's length - 1, cyclic: a frame is never its own source.
        offset = 1 + (draw * (self.lengths[clip] - 1)[:, None]).long()
        position = (driving - self.starts[clip])[:, None] + offset
        candidates = self.starts[clip][:, None] + position % self.lengths[clip][:, None]  # (B, candidates)
        difference = (self.expressions[candidates] - self.expressions[driving][:, None]).abs().sum(-1)
        draw = torch.rand(self.batch, generator=self.generator, device=place)
        take_largest = draw < LARGEST_DIFFERENCE_SHARE
        chosen = torch.where(take_largest, difference.argmax(1), torch.zeros_like(driving))
        return candidates.gather(1, chosen[:, None])[:, 0]


def add_keypoint_noise(keypoints: Keypoints, generator: torch.Generator) -> Keypoints:
    """Keypoints with Gaussian noise, as a substitute for the detector's error."""
    assert keypoints.jacobian is not None

    def noisy(x: Tensor, deviation: float) -> Tensor:
        noise = torch.randn(x.shape, generator=generator, device=generator.device)
        return x + deviation * noise.to(x.device)

    return Keypoints(noisy(keypoints.value, VALUE_NOISE), noisy(keypoints.jacobian, JACOBIAN_NOISE))
