"""Frames of a driving video, cropped to the face by one fixed square."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from portrait.engine.errors import MotionFileError, NoFaceError
from portrait.engine.photo.crop import FaceBox, crop_face
from portrait.engine.photo.face_detection import find_face

# The face needs some 150 pixels; decoding more only takes time and memory.
WORKING_HEIGHT = 720
# More frames a second cost more to animate and paint than they improve the picture.
MAX_FPS = 30.0
FACE_LOOKS = 7  # frames in which the face is searched


@dataclass(frozen=True)
class FaceClip:
    """Face crops of a video, uint8 (T, 256, 256, 3), at ``fps`` frames a second."""

    frames: NDArray[np.uint8]
    fps: float


def read_face_clip(path: Path, max_seconds: float) -> FaceClip:
    """Decode at most ``max_seconds`` of a video and cut its frames to the face, framed as in training.

    The square is the same for all frames: one that followed the face would remove its motion. Above 30 frames a
    second every second frame (or third, ...) is kept. Raises MotionFileError for a file that is no video, or an
    empty one, NoFaceError where no face is seen.
    """
    return cut_to_face(*decode(path, max_seconds), name=str(path))


def cut_to_face(frames: list[NDArray[np.uint8]], fps: float, name: str = "the clip") -> FaceClip:
    """Cut frames, uint8 (H, W, 3), to the face by one square. Raises NoFaceError."""
    looks = np.unique(np.linspace(0, len(frames) - 1, FACE_LOOKS).astype(int))
    faces = []
    for index in looks:
        try:
            faces.append(find_face(frames[index]))
        except NoFaceError:
            continue
    if len(faces) * 2 <= len(looks):
        raise NoFaceError(f"{name}: no face is seen in {len(looks) - len(faces)} of {len(looks)} frames")
    face = _median(faces)
    return FaceClip(np.stack([crop_face(frame, face) for frame in frames]), fps)


def decode(path: Path, max_seconds: float, fps: float | None = None) -> tuple[list[NDArray[np.uint8]], float]:
    """The frames of at most ``max_seconds`` of a video, and their rate, which is ``fps`` where that is given.

    Raises MotionFileError.
    """
    if not path.is_file():
        raise MotionFileError(path, "does not exist")
    scale = f"scale=-2:'min({WORKING_HEIGHT},ih)'"
    filters = f"fps={fps:g},{scale}" if fps else scale
    reader: Iterator[object] = imageio_ffmpeg.read_frames(str(path), output_params=["-vf", filters])
    frames = []
    try:
        meta = next(reader)
        assert isinstance(meta, dict)
        width, height = meta["size"]
        rate = fps or meta["fps"]
        every = max(1, int(np.ceil(rate / MAX_FPS - 0.05)))  # 29.97 and 30.3 are both 30
        for index, data in enumerate(reader):
            if index >= max_seconds * rate:
                break
            if index % every == 0:
                assert isinstance(data, bytes)
                frames.append(np.frombuffer(data, dtype=np.uint8).reshape(height, width, 3))
    except (OSError, RuntimeError, StopIteration, KeyError, ZeroDivisionError) as error:
        raise MotionFileError(path, "cannot be read as a video") from error
    finally:
        reader.close()  # type: ignore[attr-defined]  # a generator, which ends ffmpeg
    if not frames:
        raise MotionFileError(path, "holds no frames")
    return frames, float(rate) / every


def _median(faces: list[FaceBox]) -> FaceBox:
    """A box in the middle of all, so that one wrong detection does not matter."""
    x, y, height = np.median([(face.centre_x, face.centre_y, face.height) for face in faces], axis=0)
    return FaceBox(float(x), float(y), float(height), score=faces[0].score, detector=faces[0].detector)
