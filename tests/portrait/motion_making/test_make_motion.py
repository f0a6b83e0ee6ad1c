"""``manage.py make_motion``: from a video to a template, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import skimage.data
from django.core.management import CommandError, call_command
from numpy.typing import NDArray

from portrait.engine.fomm import load_model
from portrait.engine.motion import Motion, load_motion, read_motion
from portrait.engine.motion.anatomy import NOSE
from portrait.engine.options import EngineOptions
from portrait.engine.photo.crop import crop_face
from portrait.engine.photo.face_detection import find_face
from tests.paths import ROOT


def encode(path: Path, frames: NDArray[np.uint8], fps: float) -> None:
    """Write uint8 (T, H, W, 3) as a video."""
    height, width = frames.shape[1:3]
    writer = imageio_ffmpeg.write_frames(str(path), (width, height), fps=fps, macro_block_size=2, quality=8)
    writer.send(None)
    for frame in frames:
        writer.send(np.ascontiguousarray(frame))
    writer.close()


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    picture = skimage.data.astronaut()
    return crop_face(picture, find_face(picture))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory, portrait: NDArray[np.uint8]) -> Path:
    """A person looks around: our own engine animates a photo, in a frame that is wider than the face."""
    model = load_model(*EngineOptions().motion_files, precision="auto")
    frames = model.animate((portrait / 255).astype(np.float32), load_motion("look-around"))
    wide = np.full((len(frames), 300, 420, 3), 128, dtype=np.uint8)
    wide[:, 30:286, 90:346] = np.rint(frames * 255)
    path = tmp_path_factory.mktemp("videos") / "a-person.mp4"
    encode(path, wide, fps=20)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, video: Path) -> Motion:
    folder = tmp_path_factory.mktemp("motions")
    out = StringIO()
    call_command("make_motion", video, "a-person", folder=folder, title="A person", stdout=out)
    assert str(folder / "a-person.npz") in out.getvalue()
    return read_motion(folder / "a-person.npz")


def test_the_template_moves_as_the_person_in_the_video(made: Motion) -> None:
    original = load_motion("look-around")

    swing = np.ptp(made.value[:, NOSE, 0])
    assert swing == pytest.approx(np.ptp(original.value[:, NOSE, 0]), rel=0.25)
    assert np.ptp(made.value[:, NOSE, 1]) < 0.5 * swing


def test_the_template_keeps_the_videos_pace_and_fits_the_model(made: Motion) -> None:
    assert made.fps == pytest.approx(20)
    assert 1.5 <= made.seconds <= 4
    assert (made.model, made.num_keypoints, made.title) == ("compact-16", 16, {"en": "A person"})


def test_the_template_loops(made: Motion) -> None:
    assert made.jacobian is not None
    for track in (made.value, made.jacobian):
        steps = np.abs(np.concatenate([track[1:], track[:1]]) - track).reshape(len(track), -1).max(axis=1)
        assert steps[-1] <= steps[:-1].max()


def test_the_template_can_be_played(made: Motion, portrait: NDArray[np.uint8]) -> None:
    model = load_model(*EngineOptions().motion_files, precision="auto")
    source = (portrait / 255).astype(np.float32)

    first = next(model.frames(source, made, batch_size=2))

    assert np.abs(first[0] - source).mean() < 0.05


def test_strength_makes_the_motion_smaller(tmp_path: Path, video: Path, made: Motion) -> None:
    for name, strength in (("calm", 0.5), ("calmer", 0.25)):
        call_command("make_motion", video, name, folder=tmp_path, strength=strength, stdout=StringIO())

    calm, calmer = (
        np.ptp(read_motion(tmp_path / f"{name}.npz").value, axis=0).max() for name in ("calm", "calmer")
    )
    assert calmer == pytest.approx(calm / 2, rel=1e-3)
    # At full strength this film's motion may be held back, so that no face is torn.
    assert calm < np.ptp(made.value, axis=0).max()


def test_a_motion_of_the_same_name_is_not_replaced_unless_forced(tmp_path: Path, video: Path) -> None:
    path = tmp_path / "mine.npz"
    path.write_bytes(b"precious")

    with pytest.raises(CommandError, match="--force"):
        call_command("make_motion", video, "mine", folder=tmp_path)
    assert path.read_bytes() == b"precious"

    call_command("make_motion", video, "mine", folder=tmp_path, force=True, stdout=StringIO())
    assert read_motion(path).name == "mine"


@pytest.mark.parametrize("name", ["../up", "Two Words", "", ".hidden", "a/b"])
def test_a_name_that_is_no_slug_is_refused(tmp_path: Path, video: Path, name: str) -> None:
    with pytest.raises(CommandError, match="slug"):
        call_command("make_motion", video, name, folder=tmp_path / "motions")
    assert not (tmp_path / "motions").exists()


def test_a_video_without_a_face_is_refused(tmp_path: Path) -> None:
    video = tmp_path / "wall.mp4"
    encode(video, np.full((50, 128, 128, 3), 90, dtype=np.uint8), fps=25)

    with pytest.raises(CommandError, match=r"wall\.mp4: no face"):
        call_command("make_motion", video, "wall", folder=tmp_path)


def test_a_video_too_short_to_loop_is_refused(tmp_path: Path, portrait: NDArray[np.uint8]) -> None:
    video = tmp_path / "glimpse.mp4"
    encode(video, np.repeat(portrait[None], 10, axis=0), fps=25)

    with pytest.raises(CommandError, match=r"glimpse\.mp4: is too short"):
        call_command("make_motion", video, "glimpse", folder=tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 50, None])
def test_what_is_no_video_is_refused_in_one_line_with_status_two(
    tmp_path: Path, content: bytes | None
) -> None:
    video = tmp_path / "clip.mp4"
    if content is not None:
        video.write_bytes(content)

    ended = subprocess.run(
        [
            sys.executable,
            "manage.py",
            "make_motion",
            str(video),
            "clip",
            "--folder",
            str(tmp_path / "motions"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ") and "clip.mp4" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("motions/*"))
