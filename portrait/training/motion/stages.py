"""The sequence of training stages, which all train the same networks."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch
from torch import nn

from portrait.engine.fomm.compact.dense_motion import DenseMotion
from portrait.engine.fomm.compact.detector import KeypointDetector
from portrait.engine.fomm.compact.generator import Generator
from portrait.engine.fomm.config import read_config
from portrait.engine.fomm.load import build_networks
from portrait.engine.runtime.memory_layout import channels_last
from portrait.training.motion.analytic_warp import initialize_dense_motion
from portrait.training.motion.dataset import DatasetSplit
from portrait.training.motion.dense_motion_stage import DenseMotionStage
from portrait.training.motion.fine_tuning_stage import FineTuningStage
from portrait.training.motion.generator_stage import GeneratorStage, initialize_generator
from portrait.training.motion.keypoint_stage import KeypointStage, initialize_detector
from portrait.training.training_loop import TrainingTask
from portrait.training.vgg_features import VGGFeatures

STAGES = ("keypoints", "dense", "generator", "finish")


class StageSequence:
    """The networks, initialized, and the stages that train them. Each stage starts from the previous one's result."""

    def __init__(
        self, networks: nn.ModuleDict, data: DatasetSplit, vgg: VGGFeatures, device: torch.device, seed: int
    ) -> None:
        self.networks, self.data, self.vgg, self.device, self.seed = networks, data, vgg, device, seed
        self.detector = cast(KeypointDetector, networks["kp_detector"])
        self.dense = cast(DenseMotion, networks["dense_motion"])
        self.generator = cast(Generator, networks["generator"])
        self.eye_gain = self.dense.eye_gain
        initialize_detector(self.detector)
        initialize_dense_motion(self.dense)
        initialize_generator(self.generator)
        networks.to(device)
        channels_last(networks)

    @classmethod
    def build(
        cls, config: Path, data: DatasetSplit, vgg: VGGFeatures, device: torch.device, seed: int = 0
    ) -> StageSequence:
        """New networks from the sizes in a config file."""
        return cls(build_networks(read_config(config)), data, vgg, device, seed)

    def stage(self, name: str, batch: int) -> TrainingTask:
        """The stage called ``name``, one of ``STAGES``, on the networks in their current state."""
        common = {"batch": batch, "device": self.device, "seed": self.seed + STAGES.index(name)}
        if name == "keypoints":
            return KeypointStage(self.detector, self.data, **common)  # type: ignore[arg-type]
        # The damping at the eyes is off until the last stage: networks trained with it would learn to compensate it.
        self.dense.eye_gain = self.eye_gain if name == "finish" else 1.0
        if name == "dense":
            return DenseMotionStage(self.dense, self.data, **common)  # type: ignore[arg-type]
        kind = FineTuningStage if name == "finish" else GeneratorStage
        stage = kind(self.detector, self.dense, self.generator, self.data, self.vgg, **common)  # type: ignore[arg-type]
        if isinstance(stage, FineTuningStage):
            stage.recompute_batch_norm_statistics()
        return stage

    def load(self, averaged: nn.ModuleDict) -> None:
        """Take over the weights that a stage has learned."""
        for name, network in averaged.items():
            self.networks[name].load_state_dict(network.state_dict())
