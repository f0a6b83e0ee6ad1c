"""Training a task on a single batch."""

from __future__ import annotations

import torch

from portrait.training.training_loop import TrainingTask


def losses_on_one_batch(task: TrainingTask, rate: float, steps: int = 30) -> list[float]:
    """The losses of ``steps`` steps of Adam on the same batch, so that they fall only by learning."""
    task.networks.train()
    optimizer = torch.optim.Adam(task.networks.parameters(), rate)
    losses = []
    for _ in range(steps):
        task.generator.manual_seed(1)
        loss = task.step()["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
