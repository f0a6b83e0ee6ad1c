"""Reading training clips: frames, landmarks, who is in them, and on whose clips weights may be trained."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from portrait.engine.errors import EngineError
from portrait.engine.fomm.keypoints import Keypoints
from portrait.training.landmarks import LANDMARKS, KeypointFit, mean_face
from portrait.training.mesh import Mesh

SIDE = 256  # of the frames
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
VIDEOS = {".mp4", ".mov", ".webm", ".avi", ".mkv"}
INDEX, LANDMARK_FILE = "index.tsv", "landmarks.npz"


class TrainingDataError(EngineError):
    """A folder of training data that cannot be used; the text says what is missing. Code ``training_data``."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, code="training_data")


@dataclass(frozen=True)
class Clip:
    """One clip: uint8 frames (T, 3, 256, 256), landmarks (T, 468, 2) in -1..1, whose face, under which licence."""

    name: str
    frames: Tensor
    landmarks: Tensor
    person: str
    licence: str


@dataclass(frozen=True)
class Faces:
    """Frames of many clips, one after the other, with what the mesh knows of each.

    ``frames`` uint8 (N, 3, 256, 256), ``landmarks`` float32 (N, 468, 2) in -1..1, ``raster`` int16 (N, 128, 128),
    ``keypoints`` of all frames, ``clip`` int64 (N,), ``people`` one name a clip.
    """

    frames: Tensor
    landmarks: Tensor
    raster: Tensor
    keypoints: Keypoints
    clip: Tensor
    people: list[str]

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True)
class Split:
    """What is trained on and what judges it: no person is in both."""

    training: Faces
    validation: Faces
    fit: KeypointFit
    mesh: Mesh


def read_clips(folder: Path) -> list[Clip]:
    """All clips of a folder: each is a folder of frames or a video file, square crops of a face.

    ``landmarks.npz`` holds, under the name of each clip, (T, 468, 2) landmarks in pixels of a frame of 256; the
    module ``find_landmarks`` makes it. ``index.tsv``, where there is one, has the columns ``clip_id``,
    ``identity`` and ``repo_licence``; without it every clip shows another person, under no licence.

    Raises TrainingDataError for a folder without clips, and for a clip without landmarks.
    """
    if not folder.is_dir():
        raise TrainingDataError(f"{folder}: no such folder")
    paths = [path for path in sorted(folder.iterdir()) if path.is_dir() or path.suffix.lower() in VIDEOS]
    if not paths:
        raise TrainingDataError(f"{folder}: no folder of frames and no video in it")
    if not (folder / LANDMARK_FILE).is_file():
        raise TrainingDataError(
            f"{folder / LANDMARK_FILE} is missing;"
            f" python portrait/training/find_landmarks.py {folder} makes it"
        )
    index = _read_index(folder / INDEX)
    clips = []
    with np.load(folder / LANDMARK_FILE) as stored:
        for path in paths:
            name = path.stem if path.is_file() else path.name
            if name not in stored:
                raise TrainingDataError(f"{folder / LANDMARK_FILE} has no landmarks of {name!r}")
            clips.append(_read_clip(path, name, stored[name], *index.get(name, (name, ""))))
    return clips


def split_people(clips: list[Clip], *, licences: tuple[str, ...] | None, share: float) -> Split:
    """Divide the clips by who is in them: ``share`` (0..1) of the people judge and are never trained on.

    With ``licences``, only clips under one of them are trained on, and people without such a clip judge as well.
    Who judges hangs on the person's name alone, so that it stays the same when clips are added.

    Raises TrainingDataError where nobody is left on one side.
    """
    allowed = {clip.person for clip in clips if licences is None or clip.licence in licences}
    judges = {clip.person for clip in clips if clip.person not in allowed or _lot(clip.person) < share}
    training = [
        clip
        for clip in clips
        if clip.person not in judges
        and (licences is None or clip.licence in licences)
        and len(clip.frames) > 1
    ]
    validation = [clip for clip in clips if clip.person in judges and len(clip.frames) > 1]
    if not training or not validation:
        empty = "train on" if not training else "judge by"
        raise TrainingDataError(f"{len(clips)} clips leave nobody to {empty}")
    mean = mean_face(torch.cat([clip.landmarks for clip in training]))
    fit, mesh = KeypointFit(mean), Mesh(mean)
    return Split(_join(training, fit, mesh), _join(validation, fit, mesh), fit, mesh)


def _lot(person: str) -> float:
    """A number in 0..1 that hangs on the name alone."""
    return int.from_bytes(hashlib.sha256(person.encode()).digest()[:8], "big") / 2**64


def _read_index(path: Path) -> dict[str, tuple[str, str]]:
    """Clip -> person and licence."""
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
            files = [file for file in sorted(path.iterdir()) if file.suffix.lower() in PICTURES]
            frames = [_square(np.asarray(Image.open(file).convert("RGB"))) for file in files]
        else:
            frames = [_square(frame) for frame in iio.imiter(path, plugin="FFMPEG")]
    except (OSError, ValueError) as error:
        raise TrainingDataError(f"{path}: {error}") from error
    if not frames:
        raise TrainingDataError(f"{path}: no frames")
    if points.shape != (len(frames), LANDMARKS, 2):
        raise TrainingDataError(
            f"{path}: {len(frames)} frames, but landmarks of shape {points.shape};"
            f" ({len(frames)}, {LANDMARKS}, 2) is needed"
        )
    landmarks = torch.from_numpy(points.astype(np.float32)) * (2 / SIDE) - 1
    pictures = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).contiguous()
    # Frames in which no face was found are marked so, and left out.
    found = torch.isfinite(landmarks).all(-1).all(-1)
    return Clip(name, pictures[found], landmarks[found], person, licence)


def _square(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A frame at the side that the networks know. It is a face crop already, so it is square."""
    if frame.shape[0] != frame.shape[1]:
        raise ValueError(
            f"a frame of {frame.shape[1]} x {frame.shape[0]} pixels; square face crops are needed"
        )
    if frame.shape[0] != SIDE:
        frame = np.asarray(Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    return frame


def _join(clips: list[Clip], fit: KeypointFit, mesh: Mesh) -> Faces:
    landmarks = torch.cat([clip.landmarks for clip in clips])
    raster = torch.from_numpy(np.stack([mesh.raster(face) for face in landmarks]))
    lengths = torch.tensor([len(clip.frames) for clip in clips])
    return Faces(
        frames=torch.cat([clip.frames for clip in clips]),
        landmarks=landmarks,
        raster=raster,
        keypoints=Keypoints(*fit(landmarks)),
        clip=torch.repeat_interleave(torch.arange(len(clips)), lengths),
        people=[clip.person for clip in clips],
    )
