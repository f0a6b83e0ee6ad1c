"""A motion template from a video of a talking head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from portrait.engine.errors import MotionFileError
from portrait.engine.fomm import MotionModel
from portrait.engine.motion.loop_closing import Trajectory, close_loop, find_loop, gentle_strength, smooth
from portrait.engine.motion.template import Motion
from portrait.motion_making.video import FaceClip, read_face_clip

SHORTEST_LOOP = 1.5  # seconds; less looks like a twitch
SEARCHED = 20.0  # seconds of the video in which a loop is looked for
BATCH = 16


def extract_motion(
    path: Path, name: str, model: MotionModel, *, seconds: float, strength: float = 1.0, title: str = ""
) -> Motion:
    """Make a template of at most ``seconds`` from the best looping stretch of a video's first 20 seconds.

    The motion is scaled by ``strength``, and then down to ``gentle_strength`` where it is still too large.
    Raises MotionFileError for a video that cannot be used, NoFaceError where it shows none.
    """
    return motion_of_clip(
        read_face_clip(path, SEARCHED),
        name,
        model,
        seconds=seconds,
        strength=strength,
        title=title,
        path=path,
    )


def motion_of_clip(
    clip: FaceClip,
    name: str,
    model: MotionModel,
    *,
    seconds: float,
    strength: float = 1.0,
    title: str = "",
    path: Path = Path("clip"),
) -> Motion:
    """:func:`extract_motion` of a clip that was read; ``path`` is named in errors. Raises MotionFileError."""
    shortest = round(SHORTEST_LOOP * clip.fps)
    longest = max(shortest, round(seconds * clip.fps))
    if len(clip.frames) < shortest + 2:
        raise MotionFileError(path, f"is too short: a template needs more than {SHORTEST_LOOP} seconds")
    try:
        whole = smooth(detect(clip.frames, model), clip.fps)
        loop = close_loop(whole, *find_loop(whole, shortest, longest))
        motion = Motion(
            name=name,
            value=loop.value.astype(np.float32),
            jacobian=None if loop.jacobian is None else loop.jacobian.astype(np.float32),
            fps=clip.fps,
            model=model.keypoint_set,
            title={"en": title or name},
        ).scaled(strength)
        return motion.scaled(gentle_strength(motion.value, motion.jacobian))
    except (ValueError, np.linalg.LinAlgError) as error:
        raise MotionFileError(path, f"gives no usable keypoints ({error})") from error


def detect(frames: NDArray[np.uint8], model: MotionModel) -> Trajectory:
    """The model's keypoints in uint8 (T, H, W, 3)."""
    values, jacobians = [], []
    for start in range(0, len(frames), BATCH):
        images = torch.from_numpy(frames[start : start + BATCH]).permute(0, 3, 1, 2).float() / 255
        found = model.keypoints(images)
        values.append(found.value.double().cpu().numpy())
        if found.jacobian is not None:
            jacobians.append(found.jacobian.double().cpu().numpy())
    return Trajectory(np.concatenate(values), np.concatenate(jacobians) if jacobians else None)
