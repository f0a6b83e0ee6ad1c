"""Training loop: a time budget, a cosine schedule, averaged weights and resumable state."""

from __future__ import annotations

import copy
import json
import logging
import math
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from portrait.engine.errors import CheckpointError, ChoiceError

logger = logging.getLogger(__name__)
LOSS_WINDOW = 50  # steps over which a reported loss is averaged


@dataclass(frozen=True)
class Schedule:
    """Hyperparameters of the optimizer.

    The learning rate rises linearly for ``warmup_steps`` and follows a cosine over the time budget.
    """

    learning_rate: float = 1e-3  # the peak, of a parameter group with scale 1
    final_rate_fraction: float = 0.01  # of the peak, at the end
    warmup_steps: int = 100
    weight_decay: float = 1e-4  # AdamW (Loshchilov and Hutter, ICLR 2019)
    betas: tuple[float, float] = (0.9, 0.98)
    max_gradient_norm: float = 2.0  # gradient clipping
    ema_decay: float = 0.998  # exponential moving average of the weights, which is the result
    save_interval: float = 60.0  # seconds
    validation_interval: float = 600.0  # seconds

    def learning_rate_at(self, fraction: float, step: int) -> float:
        """The learning rate at ``fraction`` (0..1) of the time budget, after ``step`` steps."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))
        return (
            self.learning_rate
            * min(1.0, (step + 1) / self.warmup_steps)
            * max(self.final_rate_fraction, cosine)
        )


@dataclass(frozen=True)
class Progress:
    """Progress of a run: ``fraction`` 0..1 of the time budget, and the losses, averaged over the last steps."""

    stage: str
    fraction: float
    step: int
    losses: dict[str, float]


class TrainingTask(ABC):
    """Networks to train, with their training step and validation."""

    name: str
    networks: nn.ModuleDict
    # Source of all random numbers. Its state is saved, so that a resumed run does not repeat its batches.
    generator: torch.Generator

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Parameter groups of the optimizer; ``scale`` multiplies the learning rate."""
        return [{"params": [p for p in self.networks.parameters() if p.requires_grad], "scale": 1.0}]

    @abstractmethod
    def step(self) -> dict[str, Tensor]:
        """The losses of a new batch: scalars, of which ``loss`` is minimized and the others are reported."""

    @abstractmethod
    def validate(self, averaged: nn.ModuleDict, folder: Path) -> dict[str, float]:
        """Metrics of the averaged networks on held-out data; writes a sheet of images into ``folder``."""


def weighted_sum(losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """The sum of ``weights[name] * losses[name]`` over the names of ``weights``: a scalar."""
    return torch.stack([weight * losses[name] for name, weight in weights.items()]).sum()


def require_minutes(minutes: float | None, resume: bool) -> None:
    """Raises ChoiceError (``minutes_missing``) for a new run without a time budget."""
    if minutes is None and not resume:
        raise ChoiceError("how many --minutes?", code="minutes_missing")


def train(
    task: TrainingTask,
    folder: Path,
    *,
    minutes: float | None,
    resume: bool = False,
    schedule: Schedule | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> nn.ModuleDict:
    """Train for ``minutes`` and return the moving average of the networks.

    The state is written to ``<name>.state`` in ``folder`` and replaced atomically, so that a killed process loses at
    most ``save_interval`` seconds of training. Losses and validation metrics are appended to ``<name>.jsonl``.

    Args:
        minutes: the time budget. With ``resume``, the time to add; None trains to the end that was planned.
        resume: continue from the saved state.

    Raises CheckpointError for a state of other networks, ChoiceError (``nothing_to_resume``, ``state_exists``).
    """
    schedule = schedule or Schedule()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{task.name}.state"
    if resume and not path.exists() and minutes is None:
        raise ChoiceError(f"{path} does not exist: nothing to resume", code="nothing_to_resume")
    if not resume and path.exists():
        raise ChoiceError(f"{path} exists; --resume goes on from it", code="state_exists")
    run = _TrainingRun(task, schedule, path)
    if resume and path.exists():
        run.restore()
    if minutes is not None:
        run.planned_seconds = run.seconds + 60 * minutes
    if run.seconds < run.planned_seconds:
        run.train(on_progress)
    return run.averaged


class _TrainingRun:
    """The state of one training: optimizer, averaged weights, steps and seconds so far."""

    def __init__(self, task: TrainingTask, schedule: Schedule, path: Path) -> None:
        self.task, self.schedule, self.path = task, schedule, path
        self.averaged = copy.deepcopy(task.networks).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            task.parameter_groups(),
            lr=schedule.learning_rate,
            betas=schedule.betas,
            weight_decay=schedule.weight_decay,
            fused=True,
        )
        self.steps, self.seconds, self.planned_seconds = 0, 0.0, 0.0
        self.recent_losses: deque[dict[str, Tensor]] = deque(maxlen=LOSS_WINDOW)

    def train(self, on_progress: Callable[[Progress], None] | None) -> None:
        saved = validated = self.seconds
        before = time.monotonic()
        try:
            while self.seconds < self.planned_seconds:
                self._step()
                now = time.monotonic()
                self.seconds, before = self.seconds + now - before, now
                if on_progress is not None:
                    fraction = min(1.0, self.seconds / self.planned_seconds)
                    on_progress(Progress(self.task.name, fraction, self.steps, self._mean_losses()))
                if self.seconds - saved > self.schedule.save_interval:
                    saved = self.seconds
                    self.save()
                if self.seconds - validated > self.schedule.validation_interval:
                    validated = self.seconds
                    self._validate()
                    # Validation does not count towards the time budget.
                    before = time.monotonic()
        finally:
            self.save()
        self._validate()

    def _step(self) -> None:
        rate = self.schedule.learning_rate_at(self.seconds / self.planned_seconds, self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        self.task.networks.train()
        losses = self.task.step()
        self.optimizer.zero_grad()
        losses["loss"].backward()
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        norm = nn.utils.clip_grad_norm_(parameters, self.schedule.max_gradient_norm)
        # A batch with a gradient that is not finite is skipped, so that it does not end a long run. The fused
        # optimizer reads this on the device: the processor does not wait for the GPU.
        self.optimizer.found_inf = (~torch.isfinite(norm)).float()  # type: ignore[attr-defined]
        self.optimizer.step()
        self._update_average()
        self.steps += 1
        self.recent_losses.append({key: value.detach() for key, value in losses.items()})

    @torch.no_grad()
    def _update_average(self) -> None:
        # The decay starts small, so that the random initial weights are soon forgotten.
        decay = min(self.schedule.ema_decay, (self.steps + 1) / (self.steps + 20))
        networks = self.task.networks
        # All tensors at once: on a GPU a kernel for each would take longer than the work.
        torch._foreach_lerp_(list(self.averaged.parameters()), list(networks.parameters()), 1 - decay)
        if buffers := list(self.averaged.buffers()):
            torch._foreach_copy_(buffers, list(networks.buffers()))

    def _mean_losses(self) -> dict[str, float]:
        recent = self.recent_losses
        return {key: torch.stack([entry[key] for entry in recent]).mean().item() for key in recent[-1]}

    def _validate(self) -> None:
        self.averaged.eval()
        with torch.no_grad():
            metrics = self.task.validate(self.averaged, self.path.parent)
        entry = {
            "step": self.steps,
            "minutes": round(self.seconds / 60, 2),
            "losses": self._mean_losses() if self.recent_losses else {},
            "validation": metrics,
        }
        with self.path.with_suffix(".jsonl").open("a") as file:
            file.write(json.dumps(entry) + "\n")
        logger.info("%s: %s", self.task.name, json.dumps(entry))

    def save(self) -> None:
        """Write the state to a new file and rename it over the old one."""
        state = {
            "networks": self.task.networks.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.task.generator.get_state(),
            "steps": self.steps,
            "seconds": self.seconds,
            "planned": self.planned_seconds,
        }
        new_path = self.path.with_suffix(".state.new")
        torch.save(state, new_path)
        new_path.replace(self.path)

    def restore(self) -> None:
        """Load the saved state. Raises CheckpointError where it belongs to other networks or is damaged."""
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            self.task.networks.load_state_dict(state["networks"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.task.generator.set_state(state["generator"])
            self.steps, self.seconds = state["steps"], state["seconds"]
            self.planned_seconds = state["planned"]
        except Exception as error:  # a damaged pickle can raise any exception
            line = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise CheckpointError(self.path, f"is no state of this training ({line})") from error
