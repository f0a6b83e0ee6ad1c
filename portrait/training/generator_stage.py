"""Stage three: the generator learns to paint what a warp cannot show; dense motion goes on learning with it.

It learns on cuts of the frame, mostly around mouth and eyes, because that is where the face is alive. The statistics
of batch normalization must come from whole frames all the same, so a last stage goes on with statistics that were
measured on whole frames and are held, and there all three networks learn together, from what is seen in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.compact.dense_motion import DenseMotion
from portrait.engine.fomm.compact.detector import KeypointDetector
from portrait.engine.fomm.compact.generator import Generator
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.motion.anatomy import EYES, LIPS
from portrait.training.augment import Camera
from portrait.training.clips import Split
from portrait.training.dense_stage import analytic_flow, analytic_motion, warp
from portrait.training.keypoint_stage import KeypointStage
from portrait.training.losses import (
    charbonnier,
    feature_distance,
    gradient_difference,
    ssim,
    unit_feature_distance,
)
from portrait.training.pairs import PairBatch, PairSampler, blur_keypoints, flow_loss
from portrait.training.perceptual import Perceptual
from portrait.training.run import Trainee
from portrait.training.validation import JudgePairs, Mean
from portrait.training.validation_sheets import spread, to_pixels, write_grid

CAMERA = Camera(smallest=0.85, largest=1.18, rotation=12, shift=0.03)
DENSE_RATE = 0.25  # of the learning rate
DETECTOR_RATE = 0.25
ANCHORS = 8  # strongly augmented faces a step, by which the detector stays a detector of faces
STATISTICS_BATCHES = 24
JUDGED = 1  # driving frames of each validation clip: looking must not take longer than training
# Weights of the losses.
PICTURE, STRUCTURE, SHARPNESS, PERCEPTUAL, LIKENESS = 6.0, 1.0, 2.0, 0.6, 3.0
WARPED, WARPED_STRUCTURE, FLOW, ANCHOR = 2.0, 0.5, 0.8, 1.0


@dataclass(frozen=True)
class Cut:
    """A cut of every frame of a batch: its sides in pixels of 128, multiples of 4, and its corners, y and x."""

    height: int
    width: int
    corners: list[tuple[int, int]]

    def __call__(self, x: Tensor, scale: float) -> Tensor:
        """The cut of (B, C, H, W) of ``scale`` times 128 pixels."""
        height, width = int(self.height * scale), int(self.width * scale)
        parts = [
            frame[
                :, int(top * scale) : int(top * scale) + height, int(left * scale) : int(left * scale) + width
            ]
            for frame, (top, left) in zip(x, self.corners, strict=True)
        ]
        return torch.stack(parts)


class GeneratorStage(Trainee):
    """Photometric and perceptual losses on cuts; the warp alone is judged as well, so that it stays good."""

    name = "generator"
    held_statistics = False
    detector_learns = False
    own_keypoints = 0.75  # how often the keypoints are the detector's, not the landmarks'
    sampling = "bilinear"  # of the picture

    def __init__(
        self,
        detector: KeypointDetector,
        dense: DenseMotion,
        generator: Generator,
        data: Split,
        perceptual: Perceptual,
        *,
        batch: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.networks = nn.ModuleDict({"dense_motion": dense, "generator": generator})
        self.detector = detector.eval().requires_grad_(self.detector_learns)
        if self.detector_learns:
            self.networks["kp_detector"] = detector
        self.data, self.perceptual, self.device, self.batch = data, perceptual, device, batch
        self.generator = torch.Generator().manual_seed(seed)
        self.pairs = PairSampler(
            data.training, data.mesh, camera=CAMERA, light=0.6, batch=batch, generator=self.generator
        )

    def groups(self) -> list[dict[str, Any]]:
        return [
            {"params": list(self.networks["generator"].parameters()), "scale": 1.0},
            {"params": list(self.networks["dense_motion"].parameters()), "scale": DENSE_RATE},
        ]

    def step(self) -> dict[str, Tensor]:
        if self.held_statistics:
            hold_statistics(self.networks)
        pairs = self.pairs.draw(self.device)
        own, other = self._keypoints(pairs)
        cut = self._cut(pairs.driving_keypoints)
        flow, part, made = render(self.networks, pairs.source, own, other, self.sampling, cut)
        true = cut(pairs.driving, 2)
        moved = warp(pairs.source, enlarged(part))
        near = F.interpolate(cut(pairs.importance[:, None], 1), scale_factor=2)
        perceptual, likeness = self._perceptual(made, true)
        losses = {
            "picture": (charbonnier(made - true) * near).mean(),
            "structure": (1 - ssim(made, true, 7, 2)).mean(),
            "sharpness": gradient_difference(made, true),
            "perceptual": perceptual,
            "likeness": likeness,
            "warped": (charbonnier(moved - true).clamp(max=0.3) * near).mean(),
            "warped_structure": (1 - ssim(moved, true, 7, 3)).mean(),
            "flow": flow_loss(flow, pairs),
        }
        weights = (PICTURE, STRUCTURE, SHARPNESS, PERCEPTUAL, LIKENESS, WARPED, WARPED_STRUCTURE, FLOW)
        losses["loss"] = torch.stack([w * x for w, x in zip(weights, losses.values(), strict=True)]).sum()
        return losses

    def _keypoints(self, pairs: PairBatch) -> tuple[Keypoints, Keypoints]:
        """Of source and driving frames: mostly the detector's, whose mistakes the others must learn to bear."""
        if torch.rand((), generator=self.generator) < self.own_keypoints:
            with torch.autocast(self.device.type, torch.bfloat16):
                found = self.detector(torch.cat([pairs.source, pairs.driving]))
            own, other = found[: self.batch], found[self.batch :]
        else:
            own, other = pairs.source_keypoints, pairs.driving_keypoints
        return blur_keypoints(own, self.generator), blur_keypoints(other, self.generator)

    def _cut(self, driving: Keypoints) -> Cut:
        """Around the mouths, around the eyes, or anywhere."""
        draw = float(torch.rand((), generator=self.generator))
        if draw < 0.3:
            sides, centre = (48, 56), driving.value[:, LIPS].mean(1)
        elif draw < 0.5:
            sides, centre = (40, 72), driving.value[:, EYES].mean(1)
        else:
            sides = (80, 80)
            centre = torch.rand(self.batch, 2, generator=self.generator) * 1.2 - 0.6
        corners = []
        for x, y in ((centre.cpu() + 1) * 64).tolist():
            corner = [
                min(max(4 * round((place - side / 2) / 4), 0), 128 - side)
                for place, side in zip((y, x), sides, strict=True)
            ]
            corners.append((corner[0], corner[1]))
        return Cut(*sides, corners)

    def _perceptual(self, ours: Tensor, theirs: Tensor) -> tuple[Tensor, Tensor]:
        """How far the features are, at full and at half size; and how far their directions are, at full size."""
        features = []
        for a, b in ((ours, theirs), (F.avg_pool2d(ours, 2), F.avg_pool2d(theirs, 2))):
            with torch.autocast(self.device.type, torch.bfloat16):
                with torch.no_grad():
                    target = self.perceptual.features(b)
                features.append((self.perceptual.features(a), target))
        distance = torch.stack([feature_distance(*pair) for pair in features]).sum()
        return distance, unit_feature_distance(*features[0]).mean()

    def validate(self, averaged: nn.ModuleDict, folder: Path) -> dict[str, float]:
        """L1 and SSIM of whole frames, beside the copied source and the analytic warp; ours in features too."""
        pairs = JudgePairs(self.data.validation, JUDGED)
        start = analytic_motion().to(self.device)
        mean, rows = Mean(), []
        detector = averaged["kp_detector"] if self.detector_learns else self.detector
        for begin in range(0, len(pairs), 8):
            source, driving, _, _ = pairs.batch(begin, 8)
            source, driving = source.to(self.device), driving.to(self.device)
            with torch.autocast(self.device.type, torch.bfloat16):
                found = detector(torch.cat([source, driving]))
            own, other = found[: len(source)], found[len(source) :]
            flow, _, full = render(averaged, source, own, other, self.sampling)
            made = {
                "copy": source,
                "analytic": warp(source, enlarged(analytic_flow(start, own, other))),
                "warped": warp(source, enlarged(flow)),
                "made": full,
            }
            for name, picture in made.items():
                mean.add_pictures(name, picture, driving)
            with torch.autocast(self.device.type, torch.bfloat16):
                features = self.perceptual.features(full), self.perceptual.features(driving)
            mean.add("made_features", unit_feature_distance(*features))
            rows.append(torch.cat([source, driving, made["analytic"], made["warped"], full], 3).cpu())
        shown = torch.cat(rows)
        write_grid(folder / f"{self.name}.png", [[tile] for tile in to_pixels(shown[spread(len(shown), 14)])])
        return mean.numbers()


class FinishingStage(GeneratorStage):
    """The same as at run time: held statistics of whole frames, and the picture sampled bicubically.

    The detector learns with the others: what a keypoint says is what helps to paint the driving frame, hair and
    shoulders too. Landmarks of strongly augmented faces hold it where it was.
    """

    name = "finish"
    held_statistics = True
    detector_learns = True
    own_keypoints = 1.0
    sampling = "bicubic"

    @cached_property
    def anchors(self) -> KeypointStage:
        """The detector's own stage, on small batches."""
        stage = KeypointStage(self.detector, self.data, batch=ANCHORS, seed=0, device=self.device)
        stage.generator = self.generator
        return stage

    def groups(self) -> list[dict[str, Any]]:
        detector = {"params": list(self.detector.parameters()), "scale": DETECTOR_RATE}
        return [*super().groups(), detector]

    def step(self) -> dict[str, Tensor]:
        losses = super().step()
        anchor = self.anchors.step()["loss"]
        return {**losses, "anchor": anchor, "loss": losses["loss"] + ANCHOR * anchor}

    def measure_statistics(self) -> None:
        """Measure the generator's statistics anew, on whole augmented frames."""
        generator = self.networks["generator"]
        norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm2d)]
        self.networks.eval()
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a plain mean over the batches
            norm.train()
        with torch.no_grad():
            for _ in range(STATISTICS_BATCHES):
                pairs = self.pairs.draw(self.device)
                render(self.networks, pairs.source, *self._keypoints(pairs), self.sampling)


def render(
    networks: nn.ModuleDict,
    source: Tensor,
    own: Keypoints,
    other: Keypoints,
    sampling: str,
    cut: Cut | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Sources (B, 3, 256, 256) moved from their ``own`` keypoints to the ``other`` ones: the whole flow
    (B, 128, 128, 2), the cut of it (the same without ``cut``), and the picture of the cut (B, 3, H, W)."""
    dense, generator = cast(DenseMotion, networks["dense_motion"]), cast(Generator, networks["generator"])
    with torch.autocast(source.device.type, torch.bfloat16):
        flow, hidden = dense(F.avg_pool2d(source, 2), own, other)
        blobs, part = dense.driver_blobs(own, other), flow
        if cut is not None:
            part = cut(flow.permute(0, 3, 1, 2), 1).permute(0, 2, 3, 1)
            hidden, blobs = cut(hidden, 1), cut(blobs, 0.5)
        made = generator(source, generator.encode(source), part, hidden, blobs, sampling)
    return flow, part, made


def hold_statistics(networks: nn.Module) -> None:
    """Let batch normalization use what it measured, and measure no more."""
    for module in networks.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def enlarged(flow: Tensor) -> Tensor:
    """A flow (B, h, w, 2) at twice the size."""
    field = flow.permute(0, 3, 1, 2)
    return F.interpolate(field, scale_factor=2, mode="bilinear", align_corners=False).permute(0, 2, 3, 1)


def prepare_generator(generator: Generator) -> None:
    """Begin by showing the warped picture."""
    with torch.no_grad():
        for module in generator.modules():
            # Residual blocks begin small, so that a deep stack begins near the identity.
            if isinstance(module, nn.Sequential) and isinstance(module[-1], nn.BatchNorm2d):
                module[-1].weight.fill_(0.2)
        nn.init.normal_(generator.output.weight, std=0.01)
        assert generator.output.bias is not None
        generator.output.bias.zero_()
        generator.output.bias[12:] = 2.0  # pixel_shuffle makes the fourth channel of the last four
