"""The training loop: it converges, can be interrupted and resumed, and refuses a state that does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from portrait.engine.errors import CheckpointError, ChoiceError
from portrait.training.training_loop import Schedule, TrainingTask, train


class Line(TrainingTask):
    """Learns to multiply by two."""

    name = "line"

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.networks = nn.ModuleDict({"line": nn.Linear(1, 1)})
        self.generator = torch.Generator().manual_seed(0)
        self.seen: list[float] = []

    def step(self) -> dict[str, Tensor]:
        x = torch.rand(8, 1, generator=self.generator)
        self.seen.append(float(x[0]))
        return {"loss": (self.networks["line"](x) - 2 * x).square().mean()}

    def validate(self, averaged: nn.ModuleDict, folder: Path) -> dict[str, float]:
        with torch.no_grad():
            return {"double_of_one": float(averaged["line"](torch.ones(1, 1)))}


def test_training_converges_within_its_time(tmp_path: Path) -> None:
    averaged = train(Line(), tmp_path, minutes=0.05, schedule=Schedule(learning_rate=0.05, ema_decay=0.9))
    assert float(averaged["line"](torch.ones(1, 1))) == pytest.approx(2, abs=0.05)
    entry = json.loads((tmp_path / "line.jsonl").read_text().splitlines()[-1])
    assert entry["losses"]["loss"] < 0.01
    assert entry["validation"]["double_of_one"] == pytest.approx(2, abs=0.05)


def test_a_resumed_run_does_not_repeat_its_batches(tmp_path: Path) -> None:
    first = Line()

    def interrupt(progress: object) -> None:
        if len(first.seen) == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(first, tmp_path, minutes=0.05, on_progress=interrupt)
    second = Line()
    train(second, tmp_path, minutes=None, resume=True)
    assert second.seen
    assert not set(first.seen) & set(second.seen)
    assert json.loads((tmp_path / "line.jsonl").read_text().splitlines()[-1])["step"] == 20 + len(second.seen)


def test_an_existing_run_is_not_overwritten(tmp_path: Path) -> None:
    train(Line(), tmp_path, minutes=0.001)
    with pytest.raises(ChoiceError, match="--resume") as caught:
        train(Line(), tmp_path, minutes=0.001)
    assert caught.value.code == "state_exists"


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    (tmp_path / "line.state").write_bytes(b"not a state")
    with pytest.raises(CheckpointError, match=r"line\.state"):
        train(Line(), tmp_path, minutes=None, resume=True)
