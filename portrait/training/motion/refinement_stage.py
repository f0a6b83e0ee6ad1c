"""Refinement of trained networks on a GPU: whole frames in large batches, and losses of the conditions of run time.

Beside the fine-tuning stage's losses:

- away from eyes, mouth and what a motion uncovers, the generator may change low frequencies only (``texture``), as
  the product composes frames (``portrait.engine.canvas.changes``);
- the still background counts less, by the mattes of both frames;
- cuts of eyes and mouths have a perceptual and a small adversarial loss of their own;
- a frozen copy of the detector must find the driving frame's keypoints in the generated one (``agreement``);
- renderings of photos (``rendered_faces``) train the detector and dense motion, but not the generator.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.compact.detector import KeypointDetector
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.motion.anatomy import EYES, LIPS, MOUTH
from portrait.training.motion.analytic_warp import upsample_flow
from portrait.training.motion.augmentation import AffineAugmentation
from portrait.training.motion.dataset import DatasetSplit, FaceFrames
from portrait.training.motion.discriminator import (
    PatchDiscriminator,
    discriminator_loss,
    feature_matching,
)
from portrait.training.motion.expression import eye_opening
from portrait.training.motion.fine_tuning_stage import FineTuningStage, freeze_batch_norm
from portrait.training.motion.flow_losses import flow_loss
from portrait.training.motion.frame_crops import render_frames
from portrait.training.motion.image_losses import charbonnier, feature_distance, gradient_difference, ssim
from portrait.training.motion.keypoint_stage import KeypointStage
from portrait.training.motion.pair_sampler import PairBatch, PairSampler, add_keypoint_noise
from portrait.training.motion.texture_loss import texture_loss
from portrait.training.training_loop import weighted_sum
from portrait.training.vgg_features import VGGFeatures

AUGMENTATION = AffineAugmentation(min_scale=0.82, max_scale=1.22, rotation=15, shift=0.04, shear=0.02)
LOSS_WEIGHTS = {
    "picture": 6.0,
    "structure": 1.0,
    "sharpness": 2.0,
    "perceptual": 0.5,
    "likeness": 3.5,
    "texture": 15.0,
    "cuts": 0.35,
    "adversarial": 0.02,
    "matching": 0.5,
    "agreement": 1.0,
    "warped": 2.0,
    "warped_structure": 0.5,
    "flow": 0.8,
    "anchor": 1.0,
}
BACKGROUND_WEIGHT = 0.4  # of the picture loss where both frames show background
CUT_SIZE = (80, 128)  # pixels, of the cuts of eyes and of mouths
CUT_JITTER = 0.04  # either way, in coordinates
UNCOVERED = 0.25  # difference of the carried matte from the true one
ADVERSARIAL_WARMUP = 150  # steps of the discriminator alone
DISCRIMINATOR_RATE = 2e-4
DETECTOR_BATCH_FACTOR = 1.5


class RefinementStage(FineTuningStage):
    """All networks together from trained weights. Everything is on one device, the random numbers too."""

    name = "refine"

    def __init__(
        self,
        detector: KeypointDetector,
        dense: nn.Module,
        generator: nn.Module,
        data: DatasetSplit,
        vgg: VGGFeatures,
        *,
        batch: int,
        seed: int,
        device: torch.device,
        rendered: FaceFrames | None = None,
        rendered_share: float = 0.3,
    ) -> None:
        """``rendered``: renderings of photos, a clip each; ``rendered_share`` of a batch are theirs."""
        super().__init__(
            detector,
            dense,  # type: ignore[arg-type]
            generator,  # type: ignore[arg-type]
            data,
            vgg,
            batch=batch,
            seed=seed,
            device=device,
        )
        self.generator = torch.Generator(device).manual_seed(seed)
        mesh = data.mesh.to(device)
        rendered_batch = 0 if rendered is None else round(batch * rendered_share)
        self.batch = batch - rendered_batch  # pairs of real frames

        def sampler(faces: FaceFrames, count: int) -> PairSampler:
            return PairSampler(
                faces.to(device),
                mesh,
                augmentation=AUGMENTATION,
                colour_jitter=0.7,
                batch=count,
                generator=self.generator,
            )

        self.pairs = sampler(data.training, self.batch)
        self.rendered_pairs = None if rendered is None else sampler(rendered, rendered_batch)
        self.judge = copy.deepcopy(detector).eval().requires_grad_(False)
        self.discriminator = PatchDiscriminator().to(device)
        self.discriminator_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), lr=DISCRIMINATOR_RATE, betas=(0.5, 0.99)
        )
        self.kinds = torch.arange(2, device=device).repeat_interleave(self.batch)  # eyes, then mouths
        self.steps = 0
        detector_faces = [data.training] if rendered is None else [data.training, rendered]
        self.anchors = [
            self._anchor_stage(faces, round(DETECTOR_BATCH_FACTOR * batch / len(detector_faces)))
            for faces in detector_faces
        ]

    def _anchor_stage(self, faces: FaceFrames, batch: int) -> KeypointStage:
        data = DatasetSplit(faces.to(self.device), self.data.validation, self.data.fit, self.data.mesh)
        stage = KeypointStage(self.detector, data, batch=batch, seed=0, device=self.device)
        stage.generator = self.generator
        return stage

    def parameter_groups(self) -> list[dict[str, Any]]:
        groups = super().parameter_groups()
        # Batches are large and all data is new to the detector's own loss: it learns at half the rate.
        groups[-1]["scale"] = 0.5
        groups[1]["scale"] = 0.5
        return groups

    def step(self) -> dict[str, Tensor]:
        freeze_batch_norm(self.networks)
        pairs = self.pairs.sample(self.device)
        rendered = None if self.rendered_pairs is None else self.rendered_pairs.sample(self.device)
        keypoints = self._detected(pairs)
        flow, _, generated = render_frames(self.networks, pairs.source, *keypoints, self.sampling)
        field = upsample_flow(flow)
        warped = F.grid_sample(
            pairs.source, field, mode="bicubic", padding_mode="border", align_corners=False
        ).clamp(0, 1)
        importance = F.interpolate(pairs.importance[:, None], scale_factor=2)
        weight = importance * self._foreground(pairs)
        perceptual, likeness = self._feature_losses(generated, pairs.driving)
        cuts, real_cuts = (self._cuts(x, pairs.driving_keypoints) for x in (generated, pairs.driving))
        adversarial, matching = self._adversarial(cuts, real_cuts)
        losses = {
            "picture": (charbonnier(generated - pairs.driving) * weight).mean(),
            "structure": (1 - ssim(generated, pairs.driving, 7, 2)).mean(),
            "sharpness": gradient_difference(generated, pairs.driving),
            "perceptual": perceptual,
            "likeness": likeness,
            "texture": texture_loss(generated, warped, pairs.driving_keypoints, self._uncovered(flow, pairs)),
            "cuts": self._cut_features(cuts, real_cuts),
            "adversarial": adversarial,
            "matching": matching,
            "agreement": self._agreement(generated, pairs.driving),
            "warped": (charbonnier(warped - pairs.driving).clamp(max=0.3) * weight).mean(),
            "warped_structure": (1 - ssim(warped, pairs.driving, 7, 3)).mean(),
            "flow": flow_loss(flow, pairs),
            "anchor": torch.stack([stage.step()["loss"] for stage in self.anchors]).mean(),
        }
        if rendered is not None:
            losses["flow"] = losses["flow"] + self._rendered_flow(rendered)
        loss = weighted_sum(losses, LOSS_WEIGHTS)
        self.steps += 1
        return {**losses, "loss": loss}

    def _detected(self, pairs: PairBatch) -> tuple[Keypoints, Keypoints]:
        """The detector's keypoints of source and driving frames, with noise."""
        count = len(pairs.source)
        with torch.autocast(self.device.type, torch.bfloat16):
            detected = self.detector(torch.cat([pairs.source, pairs.driving]))
        return (
            add_keypoint_noise(detected[:count], self.generator),
            add_keypoint_noise(detected[count:], self.generator),
        )

    def _rendered_flow(self, pairs: PairBatch) -> Tensor:
        """The flow loss of rendered pairs, in proportion to their number."""
        with torch.autocast(self.device.type, torch.bfloat16):
            flow, _ = self.networks["dense_motion"](F.avg_pool2d(pairs.source, 2), *self._detected(pairs))
        return flow_loss(flow, pairs) * (len(pairs.source) / self.batch)

    @staticmethod
    def _foreground(pairs: PairBatch) -> Tensor | float:
        """The picture loss's weight, (B, 1, 256, 256): lower where both frames show background."""
        if pairs.source_matte is None or pairs.driving_matte is None:
            return 1.0
        background = (1 - pairs.source_matte) * (1 - pairs.driving_matte)
        return F.interpolate(1 - (1 - BACKGROUND_WEIGHT) * background, scale_factor=2)

    @staticmethod
    def _uncovered(flow: Tensor, pairs: PairBatch) -> Tensor | None:
        """What the motion uncovers, (B, 1, 256, 256): where the carried matte is not the true one."""
        if pairs.source_matte is None or pairs.driving_matte is None:
            return None
        carried = F.grid_sample(pairs.source_matte, flow.detach(), padding_mode="border", align_corners=False)
        differs = ((carried - pairs.driving_matte).abs() > UNCOVERED).float()
        return F.interpolate(F.max_pool2d(differs, 5, 1, 2), scale_factor=2)

    def _cuts(self, images: Tensor, driving: Keypoints) -> Tensor:
        """Cuts of the eyes and of the mouths, (2B, 3, *CUT_SIZE), the eyes first."""
        side = images.shape[-1]
        state = torch.Generator(self.device).manual_seed(self.steps)  # the same for generated and true frames
        centres = torch.cat([driving.value[:, EYES].mean(1), driving.value[:, LIPS].mean(1)])
        jitter = torch.rand(centres.shape, generator=state, device=self.device) * 2 - 1
        extent = torch.tensor([CUT_SIZE[1] / side, CUT_SIZE[0] / side], device=self.device)
        centres = (centres + CUT_JITTER * jitter).clamp(extent - 1, 1 - extent)
        # Whole pixels, so that nothing is interpolated.
        centres = ((centres + 1) * (side / 2)).round() * (2 / side) - 1
        rows, columns = (
            (torch.arange(count, device=self.device) + 0.5 - count / 2) * (2 / side) for count in CUT_SIZE
        )
        grid = torch.stack(
            [
                (centres[:, 0, None, None] + columns).expand(-1, CUT_SIZE[0], -1),
                (centres[:, 1, None, None] + rows[:, None]).expand(-1, -1, CUT_SIZE[1]),
            ],
            -1,
        )
        both = torch.cat([images, images])
        return F.grid_sample(both, grid, padding_mode="border", align_corners=False)

    def _cut_features(self, cuts: Tensor, real: Tensor) -> Tensor:
        """The perceptual distance of the cuts, enlarged, so that lids and teeth count."""
        with torch.autocast(self.device.type, torch.bfloat16):
            with torch.no_grad():
                targets = self.vgg.extract(real)
            features = self.vgg.extract(cuts)
        return feature_distance(features, targets)

    def _adversarial(self, cuts: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Trains the discriminator for a step; the generator's adversarial and feature matching losses."""
        self.discriminator.requires_grad_(True)
        kinds = torch.cat([self.kinds, self.kinds])
        logits, _ = self.discriminator(torch.cat([real, cuts.detach()]), kinds)
        loss = discriminator_loss(*logits.chunk(2))
        self.discriminator_optimizer.zero_grad()
        loss.backward()
        self.discriminator_optimizer.step()
        self.discriminator.requires_grad_(False)
        with torch.no_grad():
            _, targets = self.discriminator(real, self.kinds)
        logits, features = self.discriminator(cuts, self.kinds)
        ramp = min(max(self.steps - ADVERSARIAL_WARMUP, 0) / ADVERSARIAL_WARMUP, 1.0)
        return -logits.float().mean() * ramp, feature_matching(features, targets) * ramp

    def _agreement(self, generated: Tensor, driving: Tensor) -> Tensor:
        """The difference between what a frozen detector finds in generated and in driving frames: a scalar."""
        with torch.autocast(self.device.type, torch.bfloat16):
            found = self.judge.detect(generated)
            with torch.no_grad():
                target = self.judge.detect(driving)
        assert found.jacobian is not None and target.jacobian is not None
        moving = [*EYES, *MOUTH]
        stretch = (found.jacobian - target.jacobian)[:, moving, :, 1].abs().mean()
        opening = (eye_opening(found) - eye_opening(target)).abs().mean()
        return 10 * (found.value - target.value).abs().mean() + stretch + 0.5 * opening
