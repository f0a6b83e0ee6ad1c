"""Pairs of frames of one person: a source, and a driving frame that shows what it should become."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.fomm.keypoints import Keypoints
from portrait.training.augment import Camera, move_keypoints, move_pictures, relight
from portrait.training.clips import Faces
from portrait.training.keypoint_stage import eye_opening, mouth_opening, pick, rarity
from portrait.training.mesh import Mesh, identity_flow

CANDIDATES = 6  # sources that are looked at for a driving frame
SEEK_MOTION = 0.7  # how often the candidate that differs most is taken
FAR, FAR_SLOPE = 6.0, 0.25  # pixels of 128, from which on an error of the flow counts less, and how much
VALUE_NOISE, JACOBIAN_NOISE = 0.006, 0.02  # a detector is never exact


@dataclass(frozen=True)
class PairBatch:
    """``source``, ``driving``: float32 (B, 3, 256, 256) in 0..1. Keypoints of both. From the mesh, at 128: ``flow``
    (B, 128, 128, 2), its ``weight`` and the picture's ``importance`` (B, 128, 128)."""

    source: Tensor
    driving: Tensor
    source_keypoints: Keypoints
    driving_keypoints: Keypoints
    flow: Tensor
    weight: Tensor
    importance: Tensor


class PairSampler:
    """Draws augmented pairs. Rare expressions drive more often, and large differences are preferred."""

    def __init__(
        self,
        faces: Faces,
        mesh: Mesh,
        *,
        camera: Camera,
        light: float,
        batch: int,
        generator: torch.Generator,
    ) -> None:
        self.faces, self.mesh, self.camera, self.light = faces, mesh, camera, light
        self.batch, self.generator = batch, generator
        self.chance = rarity(faces)
        lengths = torch.bincount(faces.clip)
        self.lengths, self.starts = lengths, torch.cumsum(lengths, 0) - lengths
        self.signs = expression(faces.keypoints)

    def draw(self, device: torch.device) -> PairBatch:
        driving = torch.multinomial(self.chance, self.batch, replacement=True, generator=self.generator)
        source = self._sources(driving)
        theta = self.camera.draw(self.batch, self.generator)
        frames = self.faces.frames
        padding = "reflection" if torch.rand((), generator=self.generator) < 0.5 else "border"
        pictures = torch.stack(
            [move_pictures(frames[index], theta, padding) for index in (source, driving)], 1
        )
        # One light for both: what differs between them must be motion.
        pictures = relight(pictures, self.generator, self.light).to(device)
        landmarks = self.faces.landmarks
        flow, weight, importance = self.mesh.flow(
            self.faces.raster[driving], landmarks[source], landmarks[driving], theta
        )
        return PairBatch(
            source=pictures[:, 0],
            driving=pictures[:, 1],
            source_keypoints=move_keypoints(pick(self.faces.keypoints, source), theta).to(device),
            driving_keypoints=move_keypoints(pick(self.faces.keypoints, driving), theta).to(device),
            flow=flow.to(device),
            weight=weight.to(device),
            importance=importance.to(device),
        )

    def _sources(self, driving: Tensor) -> Tensor:
        clip = self.faces.clip[driving]
        draw = torch.rand(self.batch, CANDIDATES, generator=self.generator)
        # A whole turn through the clip is left out: the driving frame is no source of its own.
        step = 1 + (draw * (self.lengths[clip] - 1)[:, None]).long()
        place = (driving - self.starts[clip])[:, None] + step
        candidates = self.starts[clip][:, None] + place % self.lengths[clip][:, None]  # (B, candidates)
        difference = (self.signs[candidates] - self.signs[driving][:, None]).abs().sum(-1)
        seeking = torch.rand(self.batch, generator=self.generator) < SEEK_MOTION
        chosen = torch.where(seeking, difference.argmax(1), torch.zeros_like(driving))
        return candidates[torch.arange(self.batch), chosen]


def expression(keypoints: Keypoints) -> Tensor:
    """What differs between two frames of a face, in like units: (N, F)."""
    return torch.cat(
        [keypoints.value.flatten(1) / 3, eye_opening(keypoints), 4 * mouth_opening(keypoints)[:, None]], 1
    )


def blur_keypoints(keypoints: Keypoints, generator: torch.Generator) -> Keypoints:
    """Keypoints with the error of a detector."""
    assert keypoints.jacobian is not None

    def noise(x: Tensor, size: float) -> Tensor:
        return x + size * torch.randn(x.shape, generator=generator).to(x.device)

    return Keypoints(noise(keypoints.value, VALUE_NOISE), noise(keypoints.jacobian, JACOBIAN_NOISE))


def flow_loss(flow: Tensor, pairs: PairBatch) -> Tensor:
    """How far a flow (B, 128, 128, 2) is from the mesh's, in pixels of 128, where the mesh knows."""
    error = charbonnier_length((flow - pairs.flow) * 64)
    # Less, but not nothing: a face that was left behind must still be fetched.
    error = torch.where(error > FAR, FAR + FAR_SLOPE * (error - FAR), error)
    return (error * pairs.weight).sum() / pairs.weight.sum()


def charbonnier_length(pixels: Tensor) -> Tensor:
    """(..., 2) -> (...), a third of a pixel being as good as none."""
    return torch.sqrt(pixels * pixels + 0.09).sum(-1)


def still_loss(flow: Tensor, pairs: PairBatch) -> Tensor:
    """How far a flow moves what stands still in the clip and is no face, in pixels of 128."""
    change = (pairs.source - pairs.driving).abs().mean(1, keepdim=True)
    change = F.avg_pool2d(F.avg_pool2d(change, 2), 9, 1, 4)[:, 0]
    still = ((change < 0.02) & (pairs.weight <= 0)).float()
    moved = (flow - identity_flow(flow.device)).abs().sum(-1) * 64
    return (moved * still).mean()


def bending(flow: Tensor) -> Tensor:
    """Second differences of a flow (B, h, w, 2), in pixels of 128: affine motion costs nothing."""
    across, down = flow[:, :, 1:] - flow[:, :, :-1], flow[:, 1:] - flow[:, :-1]
    return (
        (across[:, :, 1:] - across[:, :, :-1]).abs().mean() + (down[:, 1:] - down[:, :-1]).abs().mean()
    ) * 64
