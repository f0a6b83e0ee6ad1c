"""Reads training clips: frames, landmarks, the person shown and the licence."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from portrait.training.errors import TrainingDataError
from portrait.training.image_files import list_images
from portrait.training.motion.landmarks import LANDMARKS

FRAME_SIDE = 256  # pixels
VIDEO_SUFFIXES = {".mp4", ".mov", ".webm", ".avi", ".mkv"}
INDEX_FILE, LANDMARK_FILE = "index.tsv", "landmarks.npz"


@dataclass(frozen=True)
class Clip:
    """A clip of one person's face."""

    name: str
    frames: Tensor  # uint8 (T, 3, 256, 256)
    landmarks: Tensor  # float32 (T, 468, 2) in -1..1
    person: str
    licence: str


def read_clips(folder: Path) -> list[Clip]:
    """All clips of a folder: each is a folder of frames or a video file, square crops of a face.

    ``landmarks.npz`` holds, under the name of each clip, (T, 468, 2) landmarks in pixels of a frame of 256; the
    script ``find_landmarks.py`` writes it. ``index.tsv`` is optional and has the columns ``clip_id``, ``identity``
    and ``repo_licence``. Without it each clip counts as a person of its own, under no licence.

    Raises TrainingDataError for a folder without clips, and for a clip without landmarks.
    """
    if not folder.is_dir():
        raise TrainingDataError(f"{folder}: no such folder")
    paths = [
        path for path in sorted(folder.iterdir()) if path.is_dir() or path.suffix.lower() in VIDEO_SUFFIXES
    ]
    if not paths:
        raise TrainingDataError(f"{folder}: no folder of frames and no video in it")
    landmark_path = folder / LANDMARK_FILE
    if not landmark_path.is_file():
        script = "portrait/training/motion/find_landmarks.py"
        raise TrainingDataError(f"{landmark_path} is missing; python {script} {folder} makes it")
    index = _read_index(folder / INDEX_FILE)
    clips = []
    with np.load(landmark_path) as stored:
        for path in paths:
            name = path.stem if path.is_file() else path.name
            if name not in stored:
                raise TrainingDataError(f"{landmark_path} has no landmarks of {name!r}")
            clips.append(_read_clip(path, name, stored[name], *index.get(name, (name, ""))))
    return clips


def _read_index(path: Path) -> dict[str, tuple[str, str]]:
    """Person and licence by clip."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    try:
        return {row["clip_id"]: (row["identity"], row.get("repo_licence") or "") for row in rows}
    except KeyError as error:
        raise TrainingDataError(f"{path}: the column {error} is missing") from error


def _read_clip(path: Path, name: str, points: NDArray[np.float16], person: str, licence: str) -> Clip:
    try:
        if path.is_dir():
            frames = [
                _resized_square(np.asarray(Image.open(file).convert("RGB"))) for file in list_images(path)
            ]
        else:
            frames = [_resized_square(frame) for frame in iio.imiter(path, plugin="FFMPEG")]
    except (OSError, ValueError) as error:
        raise TrainingDataError(f"{path}: {error}") from error
    if not frames:
        raise TrainingDataError(f"{path}: no frames")
    if points.shape != (len(frames), LANDMARKS, 2):
        raise TrainingDataError(
            f"{path}: {len(frames)} frames, but landmarks of shape {points.shape};"
            f" ({len(frames)}, {LANDMARKS}, 2) is needed"
        )
    landmarks = torch.from_numpy(points.astype(np.float32)) * (2 / FRAME_SIDE) - 1
    images = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).contiguous()
    # Frames without a detected face have landmarks of nan and are left out.
    found = torch.isfinite(landmarks).all(-1).all(-1)
    return Clip(name, images[found], landmarks[found], person, licence)


def _resized_square(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (S, S, 3) at the networks' input size. Raises ValueError for a frame that is not square."""
    if frame.shape[0] != frame.shape[1]:
        raise ValueError(
            f"a frame of {frame.shape[1]} x {frame.shape[0]} pixels; square face crops are needed"
        )
    if frame.shape[0] != FRAME_SIDE:
        size = (FRAME_SIDE, FRAME_SIDE)
        frame = np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))
    return frame
