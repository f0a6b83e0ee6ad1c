"""Computes what a live portrait consists of, from a painted subject."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.carrying import Displacement
from portrait.engine.canvas.layers import Layers
from portrait.engine.canvas.moments import displacements, evaluated
from portrait.engine.canvas.subject import PaintedSubject
from portrait.engine.fomm.model import MotionModel
from portrait.engine.live.eyes import Eye, eyes_of
from portrait.engine.live.fields import Fields, amplitudes_between, fields_of
from portrait.engine.live.patches import Patch, patches_of
from portrait.engine.live.poses import PAINTED_STAGES, POSES, of_pose, posed
from portrait.engine.photo.picture import Picture


@dataclass(frozen=True)
class LivePortrait:
    """The painting, uint8 (S, S, 3), with the person of ``matte``, uint8 (S, S), before ``wall``, uint8 (S, S, 3).

    ``fields``: the displacements of the poses. ``patches``: what is painted of the poses. ``eyes``: those that look
    aside without the head.
    """

    painting: Picture
    matte: NDArray[np.uint8]
    wall: Picture
    fields: Fields
    patches: list[Patch]
    eyes: tuple[Eye, ...]

    @property
    def side(self) -> int:
        return len(self.painting)


def live_portrait(model: MotionModel, painted: PaintedSubject) -> LivePortrait:
    """Evaluate every pose of ``painted``. Raises ChoiceError for a model with other keypoints."""
    subject = painted.subject
    photo = Layers(subject.photo, subject.matte, subject.background)
    drawn = [index for index, pose in enumerate(POSES) if pose.stage in PAINTED_STAGES]
    moments = evaluated(model, subject, posed([of_pose(POSES[index]) for index in drawn]), subject.photo)
    next(moments)  # at rest
    whole: dict[int, Displacement] = {}
    patches = []
    for index, moment in zip(drawn, moments, strict=True):
        whole[index] = moment.displacement
        patches += patches_of(painted, photo, moment, index)
    others = [index for index in range(len(POSES)) if index not in whole]
    amplitudes = [*(of_pose(POSES[index]) for index in others), *amplitudes_between()]
    moved = displacements(model, subject, posed(amplitudes), subject.photo)
    next(moved)  # at rest
    whole |= {index: next(moved) for index in others}
    fields = fields_of([whole[index] for index in range(len(POSES))], list(moved))
    matte = np.rint(subject.matte * np.float32(255)).astype(np.uint8)
    eyes = eyes_of(subject.photo)
    return LivePortrait(painted.painting, matte, painted.background, fields, patches, eyes)
