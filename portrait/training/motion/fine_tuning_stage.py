"""Last stage: all three networks are trained together, with frozen batch normalization, as at inference."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from portrait.training.motion.frame_crops import render_frames
from portrait.training.motion.generator_stage import GeneratorStage
from portrait.training.motion.keypoint_stage import KeypointStage

DETECTOR_RATE_SCALE = 0.25  # of the learning rate
DETECTOR_BATCH = 8  # frames of the detector's own loss at each step
DETECTOR_LOSS_WEIGHT = 1.0
STATISTICS_BATCHES = 24


class FineTuningStage(GeneratorStage):
    """Batch normalization uses statistics of whole frames, and the source image is sampled bicubically.

    The detector is trained on the image losses, so that keypoints also describe hair and shoulders. Its own loss on
    strongly augmented faces keeps the keypoints near the landmarks.
    """

    name = "finish"
    trains_detector = True
    detected_keypoints_share = 1.0
    sampling = "bicubic"

    @cached_property
    def detector_stage(self) -> KeypointStage:
        """The keypoint stage, for the detector's own loss."""
        stage = KeypointStage(self.detector, self.data, batch=DETECTOR_BATCH, seed=0, device=self.device)
        stage.generator = self.generator
        return stage

    def parameter_groups(self) -> list[dict[str, Any]]:
        detector = {"params": list(self.detector.parameters()), "scale": DETECTOR_RATE_SCALE}
        return [*super().parameter_groups(), detector]

    def step(self) -> dict[str, Tensor]:
        freeze_batch_norm(self.networks)
        losses = super().step()
        anchor = self.detector_stage.step()["loss"]
        return {**losses, "anchor": anchor, "loss": losses["loss"] + DETECTOR_LOSS_WEIGHT * anchor}

    def recompute_batch_norm_statistics(self) -> None:
        """Replace the generator's batch normalization statistics by those of whole augmented frames."""
        generator = self.networks["generator"]
        norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm2d)]
        self.networks.eval()
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # cumulative mean over the batches
            norm.train()
        with torch.no_grad():
            for _ in range(STATISTICS_BATCHES):
                pairs = self.pairs.sample(self.device)
                render_frames(self.networks, pairs.source, *self._keypoints(pairs), self.sampling)


def freeze_batch_norm(networks: nn.Module) -> None:
    """Put all batch normalization layers into evaluation mode."""
    for module in networks.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
