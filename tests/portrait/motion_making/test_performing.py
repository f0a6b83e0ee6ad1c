"""A student's clip becomes a motion that loops, or an error that says what to do better."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from portrait.engine.errors import EngineError
from portrait.engine.fomm import load_model
from portrait.engine.fomm.model import MotionModel
from portrait.engine.motion import load_motion
from portrait.engine.motion.anatomy import NOSE
from portrait.engine.options import EngineOptions
from portrait.engine.photo.crop import crop_face
from portrait.engine.photo.face_detection import find_face
from portrait.motion_making.performing import FPS, perform
from tests.portrait.motion_making.test_make_motion import encode
from tests.portrait.pictures import astronaut

Frames = NDArray[np.uint8]


@pytest.fixture(scope="module")
def model() -> MotionModel:
    return load_model(*EngineOptions().motion_files, precision="auto")


@pytest.fixture(scope="module")
def nodding(model: MotionModel) -> Frames:
    """Three seconds of a nod, at 25 frames a second."""
    source = np.ascontiguousarray(astronaut()[:300, 80:380])
    motion = load_motion("nod")
    crop = crop_face(source, find_face(source))
    frames = np.stack(list(model.animate((crop / 255).astype(np.float32), motion)))
    chosen = np.arange(75) % len(frames)
    return np.rint(frames[chosen] * 255).astype(np.uint8)


def code_of(path: Path, model: MotionModel) -> str:
    with pytest.raises(EngineError) as refused:
        perform(path, "performed", model)
    return refused.value.code


def test_the_clips_motion_is_a_loop_without_a_jump(
    tmp_path: Path, model: MotionModel, nodding: Frames
) -> None:
    encode(tmp_path / "clip.mp4", nodding, fps=25)
    motion = perform(tmp_path / "clip.mp4", "performed", model)
    assert (motion.name, motion.fps, motion.model) == ("performed", FPS, "compact-16")
    assert 1.5 <= motion.seconds <= 3
    assert np.ptp(motion.value[:, NOSE, 1]) > 0.02
    steps = np.abs(np.diff(np.concatenate([motion.value, motion.value[:1]]), axis=0)).max(axis=(1, 2))
    assert steps[-1] <= 1.5 * steps[:-1].max()


def test_a_camera_of_another_rate_is_read_at_the_same_one(
    tmp_path: Path, model: MotionModel, nodding: Frames
) -> None:
    encode(tmp_path / "clip.mp4", nodding[::2], fps=12.5)
    assert perform(tmp_path / "clip.mp4", "performed", model).fps == FPS


def test_each_way_to_go_wrong_has_a_code(tmp_path: Path, model: MotionModel, nodding: Frames) -> None:
    clips: dict[str, Frames] = {
        "clip_too_short": nodding[:30],
        "clip_too_long": np.concatenate([nodding] * 3),
        "clip_without_face": np.full((60, 256, 256, 3), 128, np.uint8),
        "several_faces": np.concatenate([nodding, nodding[:, :, ::-1]], axis=2),
        "clip_cut": np.concatenate([nodding[:40], 255 - nodding[:35]]),
    }
    for code, frames in clips.items():
        encode(tmp_path / f"{code}.mp4", frames, fps=25)
        assert code_of(tmp_path / f"{code}.mp4", model) == code
    (tmp_path / "clip").write_bytes(b"\x1aE\xdf\xa3 no film")
    assert code_of(tmp_path / "clip", model) == "clip_unreadable"
