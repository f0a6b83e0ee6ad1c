"""Trains the compact motion network, stage by stage."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch

from portrait.engine.errors import CheckpointError, ChoiceError
from portrait.engine.fomm.compact.detector import KeypointDetector
from portrait.engine.fomm.config import COMPACT_FORMAT, Section, read_config
from portrait.engine.fomm.load import build_networks
from portrait.engine.motion.anatomy import NAMES
from portrait.engine.runtime.precision import choose_device
from portrait.training.motion.clips import read_clips
from portrait.training.motion.dataset import DatasetSplit, split_by_person
from portrait.training.motion.export import export_weights
from portrait.training.motion.stages import STAGES, StageSequence
from portrait.training.training_loop import Progress, Schedule, require_minutes, train
from portrait.training.vgg_features import VGGFeatures

CONFIG = Path(__file__).parent / "compact.yaml"
TAPS = ("relu1_2", "relu2_2", "relu3_2")
RUN_FILE = "run.json"
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class StagePlan:
    """Hyperparameters of one stage."""

    share: float  # of the time budget
    batch: int
    schedule: Schedule


def train_motion(
    data: Path,
    folder: Path,
    *,
    perceptual: Path | str,
    config: Path = CONFIG,
    minutes: float | None = None,
    resume: bool = False,
    device: str = "auto",
    on_progress: OnProgress | None = None,
) -> Path:
    """Train on the clips of ``data``; writes ``motion.{yaml,safetensors}`` into ``folder``, returns the weights file.

    The training state and the validation sheets are written into ``folder`` as well.

    Args:
        perceptual: a VGG's safetensors, or "torchvision".
        config: yaml with the networks' sizes and the plan of the training.
        minutes: the time budget, which the config distributes over the stages.
        resume: continue an interrupted run. Where every stage is finished, ``minutes`` are added to the last one.

    Raises TrainingDataError, CheckpointError for a config or a state that does not fit, ChoiceError
    (``nothing_to_resume``, ``state_exists``, ``minutes_missing``).
    """
    settings = trainable(config)
    training = settings.section("training")
    plans = {name: _plan(training.section(name)) for name in STAGES}
    torch_device = choose_device(device)
    torch.manual_seed(training.integer("seed", minimum=0))
    networks = build_networks(settings)
    if cast(KeypointDetector, networks["kp_detector"]).heatmap.out_channels != len(NAMES):
        raise CheckpointError(config, f"{len(NAMES)} is needed", key="kp_detector.num_kp")
    total = _planned_minutes(folder, minutes, resume)
    dataset = read_split(data, training)
    vgg = VGGFeatures.load(perceptual, taps=TAPS).to(torch_device)
    # Written after all input is checked: a run that fails to start must not block the next one.
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RUN_FILE).write_text(json.dumps({"minutes": total}))
    all_started = all((folder / f"{name}.state").exists() for name in STAGES)
    sequence = StageSequence(networks, dataset, vgg, torch_device, training.integer("seed", minimum=0))
    for name in STAGES:
        stage = sequence.stage(name, plans[name].batch)
        started = (folder / f"{name}.state").exists()
        added = minutes if all_started and resume and name == STAGES[-1] else None
        averaged = train(
            stage,
            folder,
            minutes=added if started else plans[name].share * total,
            resume=started,
            schedule=plans[name].schedule,
            on_progress=on_progress,
        )
        sequence.load(averaged)
    return export_weights(networks, settings, folder)


def _plan(section: Section) -> StagePlan:
    return StagePlan(
        section.number("share"), section.integer("batch"), Schedule(learning_rate=section.number("rate"))
    )


def trainable(path: Path) -> Section:
    """The yaml of a network that can be trained. Raises CheckpointError."""
    settings = read_config(path)
    if settings.values.get("format") != COMPACT_FORMAT:
        raise CheckpointError(path, f"only {COMPACT_FORMAT} can be trained", key="format")
    return settings


def read_split(data: Path, training: Section) -> DatasetSplit:
    """The clips of ``data`` for training and for validation. Raises TrainingDataError, CheckpointError."""
    return split_by_person(
        read_clips(data), licences=permitted_licences(training), share=training.number("validation_share")
    )


def permitted_licences(training: Section) -> tuple[str, ...] | None:
    """The licences whose clips are trained on; None for all. Raises CheckpointError."""
    values = training.values.get("licences")
    if values is None:
        return None
    if not isinstance(values, list):
        raise CheckpointError(
            training.path, "a list of licences, or null, is needed", key="training.licences"
        )
    return tuple(str(value) for value in values)


def _planned_minutes(folder: Path, minutes: float | None, resume: bool) -> float:
    """The time budget of all stages: the argument, or that of the run to resume. Raises ChoiceError."""
    path = folder / RUN_FILE
    if resume and path.exists():
        stored: float = json.loads(path.read_text())["minutes"]
        return stored
    require_minutes(minutes, resume)
    if minutes is None:
        raise ChoiceError(f"{folder} holds no run to resume", code="nothing_to_resume")
    if not resume and path.exists():
        raise ChoiceError(f"{folder} holds a run already; --resume goes on with it", code="state_exists")
    return minutes
