"""A motion from a clip of a few seconds that a student made of themself, with an error for each way to go wrong."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.errors import EngineError, MotionFileError, NoFaceError
from portrait.engine.fomm import MotionModel
from portrait.engine.motion.template import Motion
from portrait.engine.photo.mesh_detector import MeshDetector
from portrait.motion_making.extract import motion_of_clip
from portrait.motion_making.video import FACE_LOOKS, cut_to_face, decode

# Cameras of browsers have no constant rate; the clip is read at this one.
FPS = 25.0
# Seconds. Three are asked for; the browser's camera starts and stops a little late.
SHORTEST, LONGEST = 1.6, 6.0
LOOP_SECONDS = 4.0
# Another face counts from this fraction of the first one's height on, in more than half of the looks.
_OTHER = 0.5
# A cut: the mean difference of two frames, in grey values, and how many times the median of all differences it is.
_CUT, _CUT_RATIO = 22.0, 6.0


def perform(path: Path, name: str, model: MotionModel) -> Motion:
    """The motion of the one face in a clip of two to six seconds, closed to a loop.

    Raises EngineError with a code: ``clip_unreadable``, ``clip_too_short``, ``clip_too_long``, ``clip_without_face``,
    ``several_faces``, ``clip_cut``; all are final.
    """
    try:
        frames, fps = decode(path, LONGEST + 1, fps=FPS)
    except MotionFileError as error:
        raise EngineError("the clip cannot be read as a video", code="clip_unreadable") from error
    if len(frames) < SHORTEST * fps:
        raise EngineError(f"the clip has {len(frames) / fps:.1f} seconds", code="clip_too_short")
    if len(frames) > LONGEST * fps:
        raise EngineError(f"the clip has more than {LONGEST:g} seconds", code="clip_too_long")
    _refuse_several(frames)
    _refuse_cut(frames)
    try:
        clip = cut_to_face(frames, fps)
    except NoFaceError as error:
        raise EngineError("no face is seen in the clip", code="clip_without_face") from error
    try:
        return motion_of_clip(clip, name, model, seconds=LOOP_SECONDS, title=name)
    except MotionFileError as error:
        raise EngineError(error.detail, code="clip_unreadable") from error


def _refuse_several(frames: list[NDArray[np.uint8]]) -> None:
    detector = MeshDetector()
    looks = np.unique(np.linspace(0, len(frames) - 1, FACE_LOOKS).astype(int))
    several = 0
    for index in looks:
        heights = sorted((face.height for face in detector.detect(frames[index], small=False)), reverse=True)
        several += len(heights) > 1 and heights[1] > _OTHER * heights[0]
    if several * 2 > len(looks):
        raise EngineError("several faces are seen in the clip", code="several_faces")


def _refuse_cut(frames: list[NDArray[np.uint8]]) -> None:
    small = np.stack(
        [
            cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
            for frame in frames
        ]
    ).astype(np.float32)
    steps = np.abs(np.diff(small, axis=0)).mean(axis=(1, 2))
    if steps.max() > _CUT and steps.max() > _CUT_RATIO * max(1.0, float(np.median(steps))):
        raise EngineError("the clip is cut", code="clip_cut")
