"""Training the compact motion network, stage by stage, and writing its weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
import yaml
from safetensors.torch import save_file
from torch import nn

from portrait.engine.checkpoints.weights import STEP_COUNTER
from portrait.engine.errors import CheckpointError, ChoiceError
from portrait.engine.fomm.compact.dense_motion import DenseMotion
from portrait.engine.fomm.compact.detector import KeypointDetector
from portrait.engine.fomm.compact.generator import Generator
from portrait.engine.fomm.config import COMPACT_FORMAT, Section, read_config
from portrait.engine.fomm.load import build_networks
from portrait.engine.runtime.memory_layout import channels_last
from portrait.engine.runtime.precision import choose_device
from portrait.training.clips import Split, read_clips, split_people
from portrait.training.dense_stage import DenseStage, prepare_dense
from portrait.training.generator_stage import FinishingStage, GeneratorStage, prepare_generator
from portrait.training.keypoint_stage import KeypointStage, prepare_detector
from portrait.training.perceptual import Perceptual
from portrait.training.run import Progress, Schedule, Trainee, train

CONFIG = Path(__file__).parent / "compact.yaml"
STAGES = ("keypoints", "dense", "generator", "finish")
TAPS = ("relu1_2", "relu2_2", "relu3_2")
RUN = "run.json"
Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Plan:
    """How one stage is trained."""

    share: float  # of the time
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
    on_progress: Report | None = None,
) -> Path:
    """Train on the clips of ``data``; state, sheets and ``motion.{yaml,safetensors}`` lie in ``folder``.

    ``minutes`` are shared out between the stages as the config says. ``resume`` goes on where a killed run stopped;
    when every stage is done, further ``minutes`` go to the last one. ``perceptual``: a VGG's safetensors, or
    "torchvision". Returns the weights file.

    Raises TrainingDataError, CheckpointError for a config or a state that does not fit, ChoiceError
    (``nothing_to_resume``, ``state_exists``, ``minutes_missing``).
    """
    settings = read_config(config)
    if settings.values.get("format") != COMPACT_FORMAT:
        raise CheckpointError(config, f"only {COMPACT_FORMAT} can be trained", key="format")
    training = settings.section("training")
    plans = {name: _plan(training.section(name)) for name in STAGES}
    place = choose_device(device)
    torch.manual_seed(training.integer("seed", minimum=0))
    networks = build_networks(settings)
    total = _minutes(folder, minutes, resume)
    clips = split_people(
        read_clips(data),
        licences=licences(training),
        share=training.number("validation_share"),
    )
    features = Perceptual.load(perceptual, taps=TAPS).to(place)
    # Only now: a run that could not begin must not stand in the way of the next one.
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RUN).write_text(json.dumps({"minutes": total}))
    done = all((folder / f"{name}.state").exists() for name in STAGES)
    run = Stages(networks, clips, features, place, training.integer("seed", minimum=0))
    for name in STAGES:
        trainee = run.trainee(name, plans[name].batch)
        going_on = (folder / f"{name}.state").exists()
        more = minutes if done and resume and name == STAGES[-1] else None
        averaged = train(
            trainee,
            folder,
            minutes=more if going_on else plans[name].share * total,
            resume=going_on,
            schedule=plans[name].schedule,
            on_progress=on_progress,
        )
        run.keep(averaged)
    return export(networks, settings, folder)


def export(networks: nn.ModuleDict, settings: Section, folder: Path) -> Path:
    """Write float16 weights and the yaml that describes them. Raises CheckpointError for a value beyond float16."""
    tensors = {
        key: value.detach().cpu().half().contiguous()
        for key, value in networks.state_dict().items()
        if not key.endswith(STEP_COUNTER)
    }
    for key, value in tensors.items():
        if not torch.isfinite(value).all():
            raise CheckpointError(folder, "a value is too large for float16", key=key)
    path = folder / "motion.safetensors"
    save_file(tensors, path, metadata={"format": COMPACT_FORMAT})
    values = {key: value for key, value in settings.values.items() if key != "training"}
    text = yaml.safe_dump({**values, "files": {"weights": path.name}}, sort_keys=False, width=110)
    path.with_suffix(".yaml").write_text(f"# Describes {path.name}.\n{text}", encoding="utf-8")
    return path


class Stages:
    """The networks on their way through the stages: what one stage learned, the next one starts from."""

    def __init__(
        self, networks: nn.ModuleDict, clips: Split, features: Perceptual, device: torch.device, seed: int
    ) -> None:
        self.networks, self.clips, self.features, self.device, self.seed = (
            networks,
            clips,
            features,
            device,
            seed,
        )
        self.detector = cast(KeypointDetector, networks["kp_detector"])
        self.dense = cast(DenseMotion, networks["dense_motion"])
        self.generator = cast(Generator, networks["generator"])
        self.eye_gain = self.dense.eye_gain
        prepare_detector(self.detector)
        prepare_dense(self.dense)
        prepare_generator(self.generator)
        networks.to(device)
        channels_last(networks)

    @classmethod
    def build(
        cls, config: Path, clips: Split, features: Perceptual, device: torch.device, seed: int = 0
    ) -> Stages:
        """Fresh networks of a config."""
        return cls(build_networks(read_config(config)), clips, features, device, seed)

    def trainee(self, name: str, batch: int) -> Trainee:
        """The stage of that name, on the networks as they are now."""
        common = {"batch": batch, "device": self.device, "seed": self.seed + STAGES.index(name)}
        if name == "keypoints":
            return KeypointStage(self.detector, self.clips, **common)  # type: ignore[arg-type]
        # Learned undamped, run damped: a network that learned under the damping would learn to outweigh it.
        self.dense.eye_gain = self.eye_gain if name == "finish" else 1.0
        if name == "dense":
            return DenseStage(self.dense, self.clips, **common)  # type: ignore[arg-type]
        kind = FinishingStage if name == "finish" else GeneratorStage
        stage = kind(self.detector, self.dense, self.generator, self.clips, self.features, **common)  # type: ignore[arg-type]
        if isinstance(stage, FinishingStage):
            stage.measure_statistics()
        return stage

    def keep(self, averaged: nn.ModuleDict) -> None:
        """Go on from what a stage has learned."""
        for name, network in averaged.items():
            self.networks[name].load_state_dict(network.state_dict())


def _plan(section: Section) -> Plan:
    return Plan(section.number("share"), section.integer("batch"), Schedule(peak=section.number("rate")))


def licences(training: Section) -> tuple[str, ...] | None:
    """The licences under which clips may be trained on; None for all."""
    values = training.values.get("licences")
    if values is None:
        return None
    if not isinstance(values, list):
        raise CheckpointError(
            training.path, "a list of licences, or null, is needed", key="training.licences"
        )
    return tuple(str(value) for value in values)


def _minutes(folder: Path, minutes: float | None, resume: bool) -> float:
    """The whole plan's minutes: as told, or as a run that is resumed was told."""
    path = folder / RUN
    if resume and path.exists():
        kept: float = json.loads(path.read_text())["minutes"]
        return kept
    if minutes is None:
        code = "nothing_to_resume" if resume else "minutes_missing"
        raise ChoiceError(f"{folder} holds no run to resume" if resume else "how many --minutes?", code=code)
    if not resume and path.exists():
        raise ChoiceError(f"{folder} holds a run already; --resume goes on with it", code="state_exists")
    return minutes
