"""Encoded clips have the right frames and durations, loop endlessly, and leave no ffmpeg process behind."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from portrait.engine.errors import ChoiceError, EncodingError
from portrait.engine.output.encoders import ClipEncoder, EncodedClip
from portrait.engine.output.formats import chosen
from tests.paths import ROOT
from tests.portrait.pictures import astronaut, resized


def moving(count: int, width: int = 64, height: int = 64) -> NDArray[np.uint8]:
    """uint8 (count, height, width, 3): the astronaut's face moving back and forth, no two frames equal."""
    wide = resized(astronaut()[40:220], 3 * width, height)
    shifts = (width * (1 + 0.3 * np.sin(2 * np.pi * np.arange(count) / count))).astype(int)
    frames = np.stack([wide[:, shift : shift + width] for shift in shifts])
    # libwebp merges a frame that equals the one before it.
    frames[np.arange(count), 0, np.arange(count) % width] = 255 - frames[:, 0, 0]
    return frames


def encode(frames: NDArray[np.uint8], fps: float, batch: int = 7) -> EncodedClip:
    _, height, width, _ = frames.shape
    with ClipEncoder(fps=fps, width=width, height=height) as encoder:
        for start in range(0, len(frames), batch):
            encoder.write(frames[start : start + batch])
        return encoder.finish()


@cache
def clip() -> EncodedClip:
    return encode(moving(30), fps=30)


def played(file: bytes) -> tuple[NDArray[np.uint8], list[float]]:
    """An animation as a browser shows it: uint8 (T, H, W, 3), and the duration of each frame in milliseconds."""
    with Image.open(io.BytesIO(file)) as image:
        frames, durations = [], []
        for index in range(getattr(image, "n_frames")):  # noqa: B009
            image.seek(index)
            frames.append(np.array(image.convert("RGB")))
            durations.append(image.info["duration"])
    return np.stack(frames), durations


def film(file: bytes, folder: Path) -> tuple[NDArray[np.uint8], str]:
    """An MP4 decoded by ffmpeg: uint8 (T, H, W, 3), and ffmpeg's description of it."""
    path = folder / "film.mp4"
    path.write_bytes(file)
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    about = subprocess.run([ffmpeg, "-i", str(path)], capture_output=True, text=True).stderr
    size = re.search(r" (\d+)x(\d+)[, ]", about)
    assert size is not None
    raw = subprocess.run(
        [ffmpeg, "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        capture_output=True,
        check=True,
    ).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, int(size[2]), int(size[1]), 3), about


def difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b).mean())


@pytest.mark.parametrize(("kind", "step"), [("webp", 1), ("avif", 1), ("gif", 2), ("tile", 3)])
def test_an_animation_shows_the_frames_in_their_order(kind: str, step: int) -> None:
    frames, _ = played(clip().files[kind])
    shown = moving(30)[::step]
    assert difference(frames, shown) < 8
    # Each frame is closer to its original than to the one two frames later.
    assert all(
        difference(frame, own) < difference(frame, other)
        for frame, own, other in zip(frames[:6], shown[:6], shown[2:8], strict=True)
    )


@pytest.mark.parametrize("kind", ["webp", "gif", "tile"])
def test_an_animation_loops_endlessly(kind: str) -> None:
    with Image.open(io.BytesIO(clip().files[kind])) as image:
        assert image.info["loop"] == 0


@pytest.mark.parametrize(("fps", "gif_step"), [(12, 1), (23.976, 2), (24, 2), (25, 2), (30, 2)])
def test_rounded_delays_add_up_to_the_duration(fps: float, gif_step: int) -> None:
    encoded = encode(moving(30), fps)
    for file, unit, count in ((encoded.files["webp"], 2, 30), (encoded.files["gif"], 10, 30 // gif_step)):
        _, durations = played(file)
        assert len(durations) == count
        assert sum(durations) == pytest.approx(30_000 / fps, abs=unit)
        assert max(durations) - min(durations) <= unit


def test_an_avif_plays_as_long_as_the_clip() -> None:
    _, durations = played(encode(moving(31), fps=25).files["avif"])
    assert sum(durations) == pytest.approx(1240, abs=1)


def test_a_gif_is_never_faster_than_browsers_play_it() -> None:
    _, durations = played(encode(moving(60), fps=60).files["gif"])
    assert min(durations) >= 60
    assert sum(durations) == pytest.approx(1000, abs=20)


def test_a_gif_is_for_messengers() -> None:
    encoded = encode(moving(3, 320, 160), fps=10)
    assert played(encoded.files["gif"])[0].shape == (3, 128, 256, 3)
    assert played(encoded.files["webp"])[0].shape == (3, 160, 320, 3)


def test_a_large_avif_is_the_smallest_film() -> None:
    encoded = encode(moving(10, 256, 256), fps=10)
    assert len(encoded.files["avif"]) < len(encoded.files["mp4"])
    assert len(encoded.files["avif"]) < len(encoded.files["webp"]) / 2


def test_only_the_formats_that_are_named_are_made() -> None:
    frames = moving(3)
    with ClipEncoder(fps=25, width=64, height=64, formats=chosen(["mp4"])) as encoder:
        encoder.write(frames)
        assert list(encoder.finish().files) == ["webp", "mp4", "poster", "tile"]


def test_a_format_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ChoiceError, match="'flv': choose from webp, avif"):
        chosen(["gif", "flv"])


def test_a_gif_has_one_palette() -> None:
    with Image.open(io.BytesIO(clip().files["gif"])) as image:
        tiles = 0
        for index in range(getattr(image, "n_frames")):  # noqa: B009
            image.seek(index)
            tiles += 1
    assert tiles == 15
    # A local colour table is announced in the image descriptor; only the global one, in byte 10, is there.
    assert clip().files["gif"][10] & 0x80
    # The descriptor follows its frame's graphic control extension.
    descriptors = re.findall(rb"\x21\xf9\x04....\x00\x2c........(.)", clip().files["gif"], re.DOTALL)
    assert len(descriptors) == 15
    assert not any(packed[0] & 0x80 for packed in descriptors)


def test_a_film_shows_every_frame_in_its_colours(tmp_path: Path) -> None:
    frames, about = film(clip().files["mp4"], tmp_path)
    assert difference(frames, moving(30)) < 5
    assert np.abs(frames.mean((0, 1, 2)) - moving(30).mean((0, 1, 2))).max() < 2
    assert "h264" in about
    # The profile that phones play, and the tag by which QuickTime knows it.
    assert "(High) (avc1" in about
    assert "yuv420p(tv, bt709/bt709/iec61966-2-1" in about
    assert "30 fps" in about
    assert "Duration: 00:00:01.00" in about


def test_a_film_can_be_streamed() -> None:
    assert 0 < clip().files["mp4"].index(b"moov") < clip().files["mp4"].index(b"mdat")


def test_odd_sizes_are_kept_except_in_mp4_and_avif(tmp_path: Path) -> None:
    frames = moving(5, 61, 47)
    encoded = encode(frames, fps=25)
    assert played(encoded.files["webp"])[0].shape == frames.shape
    assert played(encoded.files["gif"])[0].shape[1:] == frames.shape[1:]
    assert film(encoded.files["mp4"], tmp_path)[0].shape == (5, 46, 60, 3)
    assert played(encoded.files["avif"])[0].shape == (5, 46, 60, 3)


def test_the_poster_is_the_first_frame() -> None:
    with Image.open(io.BytesIO(clip().files["poster"])) as image:
        assert image.format == "PNG"
        assert np.array_equal(np.array(image), moving(30)[0])


def test_the_result_does_not_depend_on_the_batches() -> None:
    assert encode(moving(12), 25, batch=1) == encode(moving(12), 25, batch=12)


def test_a_single_frame_is_a_clip() -> None:
    encoded = encode(moving(1), fps=25)
    assert encoded.frames == 1
    with Image.open(io.BytesIO(encoded.files["gif"])) as image:
        assert image.size == (64, 64)


def test_no_frame_is_an_error() -> None:
    with ClipEncoder(fps=25, width=64, height=64) as encoder, pytest.raises(EncodingError, match="one frame"):
        encoder.finish()


def test_frames_of_another_size_or_kind_are_refused() -> None:
    with ClipEncoder(fps=25, width=64, height=64) as encoder:
        with pytest.raises(EncodingError, match="64"):
            encoder.write(moving(2, 32, 64))
        with pytest.raises(EncodingError, match="uint8"):
            encoder.write(moving(2).astype(np.float32))


@pytest.mark.parametrize(("fps", "width"), [(0, 64), (-1, 64), (float("nan"), 64), (25, 1)])
def test_an_impossible_rate_or_size_is_refused(fps: float, width: int) -> None:
    with pytest.raises(EncodingError):
        ClipEncoder(fps=fps, width=width, height=64)


def test_a_killed_encoder_is_an_error_that_names_ffmpeg() -> None:
    before = children(os.getpid())
    with ClipEncoder(fps=25, width=64, height=64) as encoder:
        encoder.write(moving(3))
        (child,) = set(children(os.getpid())) - set(before)
        os.kill(child, signal.SIGKILL)
        with pytest.raises(EncodingError, match="ffmpeg"):
            for _ in range(100):
                encoder.write(moving(30))
            encoder.finish()


def test_leaving_early_leaves_nothing(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    before = children(os.getpid())
    with pytest.raises(KeyError), ClipEncoder(fps=25, width=64, height=64, scratch=scratch) as encoder:
        encoder.write(moving(3))
        (child,) = set(children(os.getpid())) - set(before)
        assert list(scratch.iterdir())
        raise KeyError
    assert not list(scratch.iterdir())
    assert not Path(f"/proc/{child}").exists()


def test_a_killed_parent_leaves_no_encoder(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from portrait.engine.output.encoders import ClipEncoder\n"
        "encoder = ClipEncoder(fps=25, width=64, height=64, scratch=Path(sys.argv[1]))\n"
        "encoder.write(np.zeros((3, 64, 64, 3), np.uint8))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    (child,) = children(parent.pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 20
    while running(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not running(child)


def children(parent: int) -> list[int]:
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [child for child in map(int, text.split()) if running(child)]


def running(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
