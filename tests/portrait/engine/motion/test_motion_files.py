"""The motion template's file: round trip, faults, and scaling by strength."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portrait.engine.errors import ChoiceError, MotionFileError
from portrait.engine.motion import Motion, list_motions, load_motion, read_motion, write_motion
from portrait.engine.motion.affine import exp2, log2


def make_motion(frames: int = 12, keypoints: int = 3, *, jacobian: bool = True) -> Motion:
    random = np.random.default_rng(5)
    return Motion(
        name="a-wave",
        value=random.uniform(-1, 1, (frames, keypoints, 2)).astype(np.float32),
        jacobian=exp2(random.normal(0, 0.3, (frames, keypoints, 2, 2))).astype(np.float32)
        if jacobian
        else None,
        fps=23.976,
        model="test-3",
        title={"en": "A wave", "ko": "물결"},
    )


@pytest.mark.parametrize("jacobian", [True, False])
def test_a_motion_comes_back_as_it_was_written(tmp_path: Path, jacobian: bool) -> None:
    motion = make_motion(jacobian=jacobian)

    write_motion(tmp_path / "a-wave.npz", motion)
    read = read_motion(tmp_path / "a-wave.npz")

    assert (read.name, read.fps, read.model, read.title) == ("a-wave", 23.976, "test-3", motion.title)
    np.testing.assert_array_equal(read.value, motion.value)
    if motion.jacobian is None:
        assert read.jacobian is None
    else:
        np.testing.assert_array_equal(read.jacobian, motion.jacobian)


def test_the_same_motion_makes_the_same_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "motions"
    folder.mkdir()
    for name in ("one.npz", "two.npz"):
        write_motion(folder / name, make_motion())

    assert (folder / "one.npz").read_bytes() == (folder / "two.npz").read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["one.npz", "two.npz"]


def test_a_template_says_how_long_it_lasts(tmp_path: Path) -> None:
    motion = make_motion(frames=48)

    assert (len(motion), motion.num_keypoints) == (48, 3)
    assert motion.seconds == pytest.approx(2.002, abs=1e-3)


def rewrite(path: Path, **changes: Any) -> None:
    """Write a template in which some members are replaced; None leaves one out."""
    motion = make_motion()
    meta = {"format": "portrait-motion-1", "name": "a", "model": "m", "fps": 25, "frames": 12, "title": {}}
    arrays = {"meta": np.array(json.dumps(meta)), "value": motion.value, "jacobian": motion.jacobian}
    arrays |= changes
    np.savez(path, allow_pickle=True, **{key: array for key, array in arrays.items() if array is not None})


def meta_text(**changes: Any) -> np.ndarray[Any, Any]:
    meta = {"format": "portrait-motion-1", "name": "a", "model": "m", "fps": 25, "frames": 12, "title": {}}
    return np.array(json.dumps(meta | changes))


VALUE = np.zeros((12, 3, 2), np.float32)


@pytest.mark.parametrize(
    "changes",
    [
        {"value": None},
        {"meta": None},
        {"meta": np.array("no json")},
        {"meta": meta_text(format="other")},
        {"meta": meta_text(fps="fast")},
        {"meta": meta_text(fps=0)},
        {"meta": meta_text(fps=float("nan"))},
        {"meta": meta_text(name="../../etc")},
        {"meta": np.array("[]")},
        {"value": VALUE.astype(np.float64)},
        {"value": VALUE[0]},
        {"value": VALUE[:0]},
        {"value": np.full_like(VALUE, np.nan)},
        {"jacobian": np.zeros((12, 4, 2, 2), np.float32)},
        {"jacobian": np.full((12, 3, 2, 2), np.inf, np.float32)},
        {"value": np.zeros((5000, 3, 2), np.float32), "jacobian": None},
    ],
)
def test_a_template_at_fault_is_refused_by_name(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = tmp_path / "faulty.npz"
    rewrite(path, **changes)

    with pytest.raises(MotionFileError, match=r"faulty\.npz"):
        read_motion(path)


@pytest.mark.parametrize("kept", [0, 10, 300, 900])
def test_a_file_cut_short_is_refused_by_name(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "short.npz"
    write_motion(path, make_motion())
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(MotionFileError, match=r"short\.npz"):
        read_motion(path)


@given(st.binary(max_size=300))
def test_any_other_bytes_are_refused_by_name(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.npz"
    path.write_bytes(data)

    with pytest.raises(MotionFileError, match=r"noise\.npz"):
        read_motion(path)


@given(st.integers(0, 1500), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, place: int, flip: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "flipped.npz"
    write_motion(path, make_motion())
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= flip
    path.write_bytes(data)

    try:
        motion = read_motion(path)
    except MotionFileError as error:
        assert "flipped.npz" in error.detail
    else:
        assert np.isfinite(motion.value).all()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MotionFileError, match=r"gone\.npz: does not exist"):
        read_motion(tmp_path / "gone.npz")


class _Code:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.marker,))


def test_a_template_with_code_inside_runs_nothing(tmp_path: Path) -> None:
    marker, path = tmp_path / "ran", tmp_path / "trap.npz"
    rewrite(path, value=np.array([_Code(marker)], dtype=object))
    with pytest.raises(MotionFileError, match=r"trap\.npz"):
        read_motion(path)

    path.write_bytes(pickle.dumps(_Code(marker)))
    with pytest.raises(MotionFileError, match=r"trap\.npz"):
        read_motion(path)
    assert not marker.exists()


def test_an_unknown_motion_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ChoiceError, match="answer, breathing") as caught:
        load_motion("moonwalk")
    assert caught.value.code == "unknown_motion"


def test_a_path_is_no_motion_name() -> None:
    with pytest.raises(ChoiceError):
        load_motion("../templates/nod")


def test_a_folder_lists_its_own_motions_of_one_model(tmp_path: Path) -> None:
    write_motion(tmp_path / "a-wave.npz", make_motion())
    write_motion(tmp_path / "other.npz", replace(make_motion(), name="other", model="test-9"))
    (tmp_path / "notes.txt").write_text("not a motion")

    assert [motion.name for motion in list_motions(folder=tmp_path)] == ["a-wave", "other"]
    (only,) = list_motions("test-3", folder=tmp_path)
    assert (only.name, only.frames, only.fps, only.title["ko"]) == ("a-wave", 12, 23.976, "물결")


def test_strength_scales_about_the_first_frame() -> None:
    motion = make_motion()
    assert motion.jacobian is not None

    still, half = motion.scaled(0), motion.scaled(0.5)

    np.testing.assert_allclose(still.value, np.broadcast_to(motion.value[:1], motion.value.shape), atol=1e-6)
    np.testing.assert_allclose(
        half.value - motion.value[:1], (motion.value - motion.value[:1]) / 2, atol=1e-6
    )
    assert half.jacobian is not None
    step = half.jacobian @ np.linalg.inv(motion.jacobian[:1])
    np.testing.assert_allclose(step @ step @ motion.jacobian[:1], motion.jacobian, atol=1e-4)
    assert motion.scaled(1) is motion


def test_half_of_a_rotation_is_half_of_the_angle() -> None:
    def rotation(angle: float) -> np.ndarray[Any, Any]:
        return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    for angle in (0.0, 1e-7, 0.3, -2.0, 3.1):
        np.testing.assert_allclose(exp2(log2(rotation(angle)) / 2), rotation(angle / 2), atol=1e-9)


def test_matrices_without_a_real_logarithm_are_refused() -> None:
    for matrix in ([[-1, 0], [0, 1]], [[-1, 0], [0, -1]], [[-2, 0], [0, -1]], [[0, 0], [0, 0]]):
        with pytest.raises(ValueError, match="logarithm"):
            log2(np.array(matrix, dtype=float))


def test_the_file_holds_no_python_objects(tmp_path: Path) -> None:
    write_motion(tmp_path / "a-wave.npz", make_motion())

    with zipfile.ZipFile(tmp_path / "a-wave.npz") as archive:
        assert sorted(archive.namelist()) == ["jacobian.npy", "meta.npy", "value.npy"]
        for name in archive.namelist():
            assert not np.load(io.BytesIO(archive.read(name)), allow_pickle=False).dtype.hasobject
