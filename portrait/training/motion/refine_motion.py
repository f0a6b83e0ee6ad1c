"""Refines trained motion weights in one stage, with more faces and the losses of the conditions of run time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import torch
from torch import Tensor

from portrait.engine.fomm.compact.dense_motion import DenseMotion
from portrait.engine.fomm.config import read_config
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.fomm.load import build_networks, load_checkpoint
from portrait.engine.photo.crop import crop_face
from portrait.engine.photo.landmarks import face_landmarks
from portrait.engine.photo.matte import person_matte
from portrait.engine.photo.mesh_detector import MeshDetector
from portrait.engine.runtime.memory_layout import channels_last
from portrait.engine.runtime.precision import choose_device
from portrait.training.errors import TrainingDataError
from portrait.training.image_files import list_images, read_image
from portrait.training.motion.clips import FRAME_SIDE
from portrait.training.motion.dataset import DatasetSplit, FaceFrames
from portrait.training.motion.export import export_weights
from portrait.training.motion.refinement_stage import RefinementStage
from portrait.training.motion.rendered_faces import FacePhoto, render_variants
from portrait.training.motion.train_motion import CONFIG, TAPS, OnProgress, read_split, trainable
from portrait.training.training_loop import Schedule, require_minutes, train
from portrait.training.vgg_features import VGGFeatures

MATTE_SIDE = 64  # pixels
RENDERINGS = 6  # of each photo, itself included
# Below this logit of the face mesh, and beyond this turn in degrees, the landmarks of a photo are not good enough.
MIN_FLAG, MAX_TURN = 12.0, 40.0
EMA_DECAY, WARMUP_STEPS, WEIGHT_DECAY = 0.997, 60, 0.01


def refine_motion(
    data: Path,
    folder: Path,
    *,
    start: Path,
    perceptual: Path | str,
    photos: Path | None = None,
    config: Path = CONFIG,
    minutes: float | None = None,
    resume: bool = False,
    device: str = "auto",
    on_progress: OnProgress | None = None,
) -> Path:
    """Train the weights beside the yaml ``start`` further; writes ``motion.{yaml,safetensors}`` into ``folder``.

    Args:
        photos: a folder of photos of faces, which are rendered with other poses and expressions.
        config: yaml with the plan of the training; the networks' sizes are those of ``start``.
        data, perceptual, minutes, resume: as for ``train_motion``.

    Returns the weights file. Raises TrainingDataError, CheckpointError, ChoiceError (``minutes_missing``,
    ``nothing_to_resume``, ``state_exists``).
    """
    settings, training = trainable(start), read_config(config).section("training")
    require_minutes(minutes, resume)
    plan = training.section("refine")
    schedule = Schedule(
        learning_rate=plan.number("rate"),
        warmup_steps=WARMUP_STEPS,
        weight_decay=WEIGHT_DECAY,
        ema_decay=EMA_DECAY,
    )
    place = choose_device(device)
    networks = build_networks(settings)
    load_checkpoint(networks, start.with_suffix(".safetensors"))
    split = read_split(data, training)
    vgg = VGGFeatures.load(perceptual, taps=TAPS).to(place)
    split = replace(split, training=replace(split.training, mattes=person_mattes(split.training.frames)))
    networks.to(place)
    channels_last(networks)
    dense = cast(DenseMotion, networks["dense_motion"])
    stage = RefinementStage(
        networks["kp_detector"],  # type: ignore[arg-type]
        dense,
        networks["generator"],
        split,
        vgg,
        batch=plan.integer("batch"),
        seed=training.integer("seed", minimum=0),
        device=place,
        rendered=None if photos is None else render_photos(photos, split),
    )
    averaged = train(
        stage, folder, minutes=minutes, resume=resume, schedule=schedule, on_progress=on_progress
    )
    return export_weights(averaged, settings, folder)


def person_mattes(frames: Tensor) -> Tensor:
    """How much of each pixel belongs to the person: uint8 (N, 3, S, S) -> uint8 (N, 64, 64)."""
    size = (MATTE_SIDE, MATTE_SIDE)
    mattes = [
        cv2.resize(person_matte(frame), size, interpolation=cv2.INTER_AREA)
        for frame in np.ascontiguousarray(frames.permute(0, 2, 3, 1).numpy())
    ]
    return torch.from_numpy(np.rint(np.stack(mattes) * 255).astype(np.uint8))


def render_photos(folder: Path, split: DatasetSplit) -> FaceFrames:
    """The usable photos of a folder, each with its renderings as a clip. Raises TrainingDataError where none is."""
    frames, points, counts = [], [], []
    names: list[str] = []
    for path in list_images(folder):
        photo = _face_photo(path)
        if photo is None:
            continue
        variants = render_variants(photo, split.mesh, RENDERINGS, seed=len(names))
        frames += [frame for frame, _ in variants]
        points += [landmarks for _, landmarks in variants]
        counts.append(len(variants))
        names.append(path.name)
    if not names:
        raise TrainingDataError(f"{folder}: no photo of a face that looks ahead")
    landmarks = torch.from_numpy(np.stack(points)) * (2 / FRAME_SIDE) - 1
    return FaceFrames(
        frames=torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).contiguous(),
        landmarks=landmarks,
        raster=torch.from_numpy(np.stack([split.mesh.rasterize(face) for face in landmarks])),
        keypoints=Keypoints(*split.fit(landmarks)),
        clip=torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts)),
        people=names,
    )


def _face_photo(path: Path) -> FacePhoto | None:
    """The photo's crop with its landmarks; None without a face that is sharp and turned little enough."""
    picture = read_image(path)
    faces = MeshDetector().detect(picture, small=False)
    if not faces:
        return None
    crop = crop_face(picture, max(faces, key=lambda face: face.height), FRAME_SIDE)
    found = face_landmarks(crop)
    if found is None or found.flag < MIN_FLAG or abs(found.turn) > MAX_TURN:
        return None
    side = np.float32(FRAME_SIDE)
    return FacePhoto(crop, (found.points * side).astype(np.float32), (found.depth * side).astype(np.float32))
