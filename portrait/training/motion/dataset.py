"""The frames of all clips, split into training and validation people."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from portrait.engine.fomm.keypoints import Keypoints
from portrait.training.errors import TrainingDataError
from portrait.training.motion.clips import Clip
from portrait.training.motion.face_mesh import FaceMesh
from portrait.training.motion.landmarks import KeypointFit, mean_face


@dataclass(frozen=True)
class FaceFrames:
    """The concatenated frames of many clips, with their annotations."""

    frames: Tensor  # uint8 (N, 3, 256, 256)
    landmarks: Tensor  # float32 (N, 468, 2) in -1..1
    raster: Tensor  # int16 (N, 128, 128): the mesh triangle that covers each pixel
    keypoints: Keypoints  # of the N frames, fitted to the landmarks
    clip: Tensor  # int64 (N,): the index of each frame's clip
    people: list[str]  # the person of each clip
    mattes: Tensor | None = None  # uint8 (N, S, S): how much of each pixel belongs to the person
    names: tuple[str, ...] = ()  # of the clips, where they have any

    def __len__(self) -> int:
        return len(self.frames)

    def to(self, device: torch.device) -> FaceFrames:
        """The same frames on ``device``."""
        return FaceFrames(
            frames=self.frames.to(device),
            landmarks=self.landmarks.to(device),
            raster=self.raster.to(device),
            keypoints=self.keypoints.to(device),
            clip=self.clip.to(device),
            people=self.people,
            mattes=None if self.mattes is None else self.mattes.to(device),
            names=self.names,
        )


@dataclass(frozen=True)
class DatasetSplit:
    """Training and validation frames. No person is in both."""

    training: FaceFrames
    validation: FaceFrames
    fit: KeypointFit
    mesh: FaceMesh


def split_by_person(clips: list[Clip], *, licences: tuple[str, ...] | None, share: float) -> DatasetSplit:
    """Split the clips by person: ``share`` (0..1) of the people are held out for validation.

    With ``licences``, only clips under one of them are trained on, and people without such a clip are held out as
    well. Whether a person is held out depends on a hash of the name, so that it stays the same when clips are added.

    Raises TrainingDataError where a side has no clip.
    """
    allowed = {clip.person for clip in clips if licences is None or clip.licence in licences}
    held_out = {
        clip.person for clip in clips if clip.person not in allowed or _hash_fraction(clip.person) < share
    }
    training = [
        clip
        for clip in clips
        if clip.person not in held_out
        and (licences is None or clip.licence in licences)
        and len(clip.frames) > 1
    ]
    validation = [clip for clip in clips if clip.person in held_out and len(clip.frames) > 1]
    if not training or not validation:
        empty = "training" if not training else "validation"
        raise TrainingDataError(f"{len(clips)} clips leave no person for {empty}")
    mean = mean_face(torch.cat([clip.landmarks for clip in training]))
    fit, mesh = KeypointFit(mean), FaceMesh(mean)
    return DatasetSplit(_concatenate(training, fit, mesh), _concatenate(validation, fit, mesh), fit, mesh)


def _hash_fraction(person: str) -> float:
    """A number in 0..1 that depends on the name alone."""
    return int.from_bytes(hashlib.sha256(person.encode()).digest()[:8], "big") / 2**64


def _concatenate(clips: list[Clip], fit: KeypointFit, mesh: FaceMesh) -> FaceFrames:
    landmarks = torch.cat([clip.landmarks for clip in clips])
    raster = torch.from_numpy(np.stack([mesh.rasterize(face) for face in landmarks]))
    lengths = torch.tensor([len(clip.frames) for clip in clips])
    return FaceFrames(
        frames=torch.cat([clip.frames for clip in clips]),
        landmarks=landmarks,
        raster=raster,
        keypoints=Keypoints(*fit(landmarks)),
        clip=torch.repeat_interleave(torch.arange(len(clips)), lengths),
        people=[clip.person for clip in clips],
        names=tuple(clip.name for clip in clips),
    )
