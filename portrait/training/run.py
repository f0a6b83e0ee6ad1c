"""The training loop: a budget of time, a cosine schedule, averaged weights, and a state that survives a kill."""

from __future__ import annotations

import copy
import json
import logging
import math
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from portrait.engine.errors import CheckpointError, ChoiceError

logger = logging.getLogger(__name__)

SMOOTHED = 50  # steps over which a shown loss is averaged


@dataclass(frozen=True)
class Schedule:
    """How the weights move. The learning rate rises for ``warmup`` steps and then follows a cosine over the time."""

    peak: float = 1e-3  # learning rate of a group with scale 1
    floor: float = 0.01  # of the peak, at the end
    warmup: int = 100  # steps
    weight_decay: float = 1e-4  # AdamW (Loshchilov and Hutter, ICLR 2019)
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 2.0  # largest norm of the gradient
    averaging: float = 0.998  # of the moving average of the weights, which is what is kept
    save_every: float = 60.0  # seconds
    validate_every: float = 600.0  # seconds

    def rate(self, fraction: float, step: int) -> float:
        """The learning rate at ``fraction`` (0..1) of the time, after ``step`` steps."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))
        return self.peak * min(1.0, (step + 1) / self.warmup) * max(self.floor, cosine)


@dataclass(frozen=True)
class Progress:
    """Where a training stands: ``fraction`` 0..1 of its time, and its losses, averaged over the last steps."""

    stage: str
    fraction: float
    step: int
    losses: dict[str, float]


class Trainee(ABC):
    """What is trained: its networks, one step of it, and how it is judged."""

    name: str
    networks: nn.ModuleDict
    generator: torch.Generator  # all chance comes from it, so that a resumed run does not repeat its batches

    def groups(self) -> list[dict[str, Any]]:
        """Parameter groups of the optimizer; ``scale`` multiplies the learning rate."""
        return [{"params": [p for p in self.networks.parameters() if p.requires_grad], "scale": 1.0}]

    @abstractmethod
    def step(self) -> dict[str, Tensor]:
        """The losses of one fresh batch: scalars, of which ``loss`` is minimized and the others are shown."""

    @abstractmethod
    def validate(self, averaged: nn.ModuleDict, folder: Path) -> dict[str, float]:
        """The numbers of the averaged networks on what was never trained on; draws a sheet into ``folder``."""


def train(
    trainee: Trainee,
    folder: Path,
    *,
    minutes: float | None,
    resume: bool = False,
    schedule: Schedule | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> nn.ModuleDict:
    """Train for ``minutes`` and give the moving average of the networks.

    The state lies in ``folder`` as ``<name>.state`` and is replaced atomically, so that a kill at any moment loses at
    most ``save_every`` seconds. ``resume`` goes on from it: without ``minutes`` to the end that was planned, with
    ``minutes`` for that much longer. ``<name>.jsonl`` keeps the losses and validations.

    Raises CheckpointError for a state of other networks, ChoiceError (``nothing_to_resume``, ``state_exists``).
    """
    schedule = schedule or Schedule()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{trainee.name}.state"
    if resume and not path.exists() and minutes is None:
        raise ChoiceError(f"{path} does not exist: nothing to resume", code="nothing_to_resume")
    if not resume and path.exists():
        raise ChoiceError(f"{path} exists; --resume goes on from it", code="state_exists")
    run = _Run(trainee, schedule, path)
    if resume and path.exists():
        run.restore()
    if minutes is not None:
        run.planned = run.seconds + 60 * minutes
    if run.seconds < run.planned:
        run.go(on_progress)
    return run.averaged


class _Run:
    def __init__(self, trainee: Trainee, schedule: Schedule, path: Path) -> None:
        self.trainee, self.schedule, self.path = trainee, schedule, path
        self.averaged = copy.deepcopy(trainee.networks).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            trainee.groups(),
            lr=schedule.peak,
            betas=schedule.betas,
            weight_decay=schedule.weight_decay,
        )
        self.steps, self.seconds, self.planned = 0, 0.0, 0.0
        self.recent: deque[dict[str, float]] = deque(maxlen=SMOOTHED)

    def go(self, on_progress: Callable[[Progress], None] | None) -> None:
        saved = validated = self.seconds
        before = time.monotonic()
        try:
            while self.seconds < self.planned:
                self._step()
                now = time.monotonic()
                self.seconds, before = self.seconds + now - before, now
                if on_progress is not None:
                    fraction = min(1.0, self.seconds / self.planned)
                    on_progress(Progress(self.trainee.name, fraction, self.steps, self._losses()))
                if self.seconds - saved > self.schedule.save_every:
                    saved = self.seconds
                    self.save()
                if self.seconds - validated > self.schedule.validate_every:
                    validated = self.seconds
                    self._validate()
                    # Looking is not training: it does not count towards the time.
                    before = time.monotonic()
        finally:
            self.save()
        self._validate()

    def _step(self) -> None:
        rate = self.schedule.rate(self.seconds / self.planned, self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        self.trainee.networks.train()
        losses = self.trainee.step()
        self.optimizer.zero_grad()
        losses["loss"].backward()
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        norm = nn.utils.clip_grad_norm_(parameters, self.schedule.clip)
        # One broken batch must not end a night's work.
        if torch.isfinite(norm):
            self.optimizer.step()
            self._average()
        self.steps += 1
        self.recent.append({key: value.item() for key, value in losses.items()})

    @torch.no_grad()
    def _average(self) -> None:
        # A young average forgets its random beginning faster.
        keep = min(self.schedule.averaging, (self.steps + 1) / (self.steps + 20))
        networks = self.trainee.networks
        for own, fresh in zip(self.averaged.parameters(), networks.parameters(), strict=True):
            own.lerp_(fresh, 1 - keep)
        for kept, measured in zip(self.averaged.buffers(), networks.buffers(), strict=True):
            kept.copy_(measured)

    def _losses(self) -> dict[str, float]:
        return {key: sum(entry[key] for entry in self.recent) / len(self.recent) for key in self.recent[-1]}

    def _validate(self) -> None:
        self.averaged.eval()
        with torch.no_grad():
            numbers = self.trainee.validate(self.averaged, self.path.parent)
        entry = {
            "step": self.steps,
            "minutes": round(self.seconds / 60, 2),
            "losses": self._losses() if self.recent else {},
            "validation": numbers,
        }
        with self.path.with_suffix(".jsonl").open("a") as file:
            file.write(json.dumps(entry) + "\n")
        logger.info("%s: %s", self.trainee.name, json.dumps(entry))

    def save(self) -> None:
        """Write the state beside the old one, then put it in its place."""
        state = {
            "networks": self.trainee.networks.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.trainee.generator.get_state(),
            "steps": self.steps,
            "seconds": self.seconds,
            "planned": self.planned,
        }
        fresh = self.path.with_suffix(".state.new")
        torch.save(state, fresh)
        fresh.replace(self.path)

    def restore(self) -> None:
        """Go on from the saved state. Raises CheckpointError where it belongs to other networks, or is damaged."""
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            self.trainee.networks.load_state_dict(state["networks"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.trainee.generator.set_state(state["generator"])
            self.steps, self.seconds, self.planned = state["steps"], state["seconds"], state["planned"]
        except Exception as error:  # a pickle can be damaged in any way at all
            line = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise CheckpointError(self.path, f"is no state of this training ({line})") from error
