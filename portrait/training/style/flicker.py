"""Flicker of a moving portrait, the change between frames that its motion does not explain, and its sharpness."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.canvas import composer
from portrait.engine.canvas.subject import Subject
from portrait.engine.fomm.compact.geometry import coordinate_grid
from portrait.engine.motion import Motion
from portrait.engine.photo.picture import Picture
from portrait.engine.pipeline import Engine

Frames = NDArray[np.uint8]
SEARCH_STEPS, MAX_SEARCH_ERROR = 8, 0.25  # of the inversion of the flow: iterations, and pixels
PERSON = 250  # of 255: the alpha from which on a pixel shows nothing else
BORDER_MARGIN = 8  # pixels that are left out, because new content can enter there


@dataclass(frozen=True)
class AnimatedClip:
    """A clip of a subject before it is painted."""

    frames: Frames  # uint8 (T, S, S, 3)
    person: NDArray[np.uint8]  # (T, S, S), the alpha of the person
    displacement: NDArray[np.float32]  # (T, h, w, 2) in fractions of the side, from each frame to the source


def animate(engine: Engine, subject: Subject, motion: Motion) -> AnimatedClip:
    """``subject`` moved by ``motion``."""
    frames = list(composer.animate(engine.model, subject, motion))
    return AnimatedClip(
        np.stack([frame.picture for frame in frames]),
        np.stack([frame.alpha for frame in frames]),
        np.stack([frame.displacement for frame in frames]),
    )


def flicker(
    frames: Frames, displacement: NDArray[np.float32], person: NDArray[np.uint8] | None = None
) -> float:
    """Mean absolute difference, in grey values of 0..255, of neighbouring frames, each frame warped to the next.

    Args:
        frames: uint8 (T, H, W, 3).
        displacement: (T, h, w, 2) in fractions of the side, from each frame to the common source.
        person: uint8 (T, H, W), alpha; only the person counts, whom alone the flow carries (None: all pixels).

    A pixel's position in the previous frame is the one whose flow leads to the same position of the source. It is
    found by fixed-point iteration; pixels where that does not converge are left out.
    """
    count, height, width, _ = frames.shape
    moved = torch.from_numpy(displacement).permute(0, 3, 1, 2)
    moved = F.interpolate(moved, (height, width), mode="bilinear", align_corners=False)
    images = torch.from_numpy(frames).permute(0, 3, 1, 2).float()
    grid = coordinate_grid(height, images.device)
    flow = 2 * moved + grid.permute(2, 0, 1)  # in -1..1
    errors = []
    for index in range(count - 1):
        previous, following = flow[index : index + 1], flow[index + 1 : index + 2].permute(0, 2, 3, 1)
        position = grid[None].clone()  # (1, H, W, 2), in the previous frame
        for _ in range(SEARCH_STEPS):
            error = following - _sample(previous, position).permute(0, 2, 3, 1)
            position = position + error
        inside = position.abs().amax(-1) < 1 - BORDER_MARGIN * 2 / width
        valid = (error.abs().amax(-1) < MAX_SEARCH_ERROR * 2 / width) & inside
        if person is not None:
            valid &= torch.from_numpy(person[index : index + 2].min(axis=0) > PERSON)[None]
        warped = _sample(images[index : index + 1], position)
        change = (warped - images[index + 1 : index + 2]).abs().mean(1)
        if valid.any():
            errors.append(change[valid].mean())
    return float(torch.stack(errors).mean())


def background_flicker(frames: Frames, person: NDArray[np.uint8]) -> float:
    """Mean absolute difference, in grey values, of neighbouring frames where there is nothing of the person.

    ``frames``: uint8 (T, H, W, 3). ``person``: uint8 (T, H, W), alpha. 0 where the person fills all frames.
    """
    changes = []
    for index in range(len(frames) - 1):
        behind = person[index : index + 2].max(axis=0) == 0
        if behind.any():
            pair = frames[index : index + 2, behind].astype(np.int16)
            changes.append(np.abs(pair[1] - pair[0]).mean())
    return float(np.mean(changes)) if changes else 0.0


def least_sharpness(frames: Frames, still: Picture) -> float:
    """The least variance of the Laplacian over the frames, uint8 (T, H, W, 3), relative to that of ``still``."""
    return min(_sharpness(frame) for frame in frames) / _sharpness(still)


def _sharpness(picture: Picture) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def _sample(values: Tensor, positions: Tensor) -> Tensor:
    return F.grid_sample(values, positions, padding_mode="border", align_corners=False)
