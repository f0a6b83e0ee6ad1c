"""Stage three: the generator is trained on crops of the frames, together with dense motion.

Most crops are around mouth and eyes, where the motion is. The statistics of batch normalization that crops give are
not those of whole frames; the fine-tuning stage measures them on whole frames and freezes them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.compact.dense_motion import DenseMotion
from portrait.engine.fomm.compact.detector import KeypointDetector
from portrait.engine.fomm.compact.generator import Generator
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.motion.anatomy import EYES, LIPS
from portrait.training.image_grids import write_row_sheet
from portrait.training.motion.analytic_warp import (
    analytic_dense_motion,
    analytic_flow,
    upsample_flow,
    warp_by_flow,
)
from portrait.training.motion.augmentation import AffineAugmentation
from portrait.training.motion.dataset import DatasetSplit
from portrait.training.motion.flow_losses import flow_loss
from portrait.training.motion.frame_crops import FrameCrops, render_frames
from portrait.training.motion.image_losses import (
    charbonnier,
    feature_distance,
    gradient_difference,
    normalized_feature_distance,
    ssim,
)
from portrait.training.motion.pair_sampler import PairBatch, PairSampler, add_keypoint_noise
from portrait.training.motion.validation import MeanMetrics, ValidationPairs
from portrait.training.training_loop import TrainingTask, weighted_sum
from portrait.training.vgg_features import VGGFeatures

AUGMENTATION = AffineAugmentation(min_scale=0.85, max_scale=1.18, rotation=12, shift=0.03)
DENSE_MOTION_RATE_SCALE = 0.25  # of the learning rate
VALIDATION_FRAMES = 1  # driving frames of each validation clip; one, because validation takes long
VALIDATION_BATCH = 8
SHEET_ROWS = 14
LOSS_WEIGHTS = {
    "picture": 6.0,
    "structure": 1.0,
    "sharpness": 2.0,
    "perceptual": 0.6,
    "likeness": 3.0,
    "warped": 2.0,
    "warped_structure": 0.5,
    "flow": 0.8,
}
# Height and width of the crops, in pixels of 128, and how often they are around the mouth and around the eyes.
MOUTH_CROP, MOUTH_SHARE = (48, 56), 0.3
EYES_CROP, EYES_SHARE = (40, 72), 0.2
ANY_CROP = (80, 80)


class GeneratorStage(TrainingTask):
    """Photometric and perceptual losses on crops. The warp has losses of its own, so that it stays accurate."""

    name = "generator"
    trains_detector = False
    detected_keypoints_share = 0.75  # of the batches use the detector's keypoints, the others the landmarks'
    sampling = "bilinear"  # of the source image

    def __init__(
        self,
        detector: KeypointDetector,
        dense: DenseMotion,
        generator: Generator,
        data: DatasetSplit,
        vgg: VGGFeatures,
        *,
        batch: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.networks = nn.ModuleDict({"dense_motion": dense, "generator": generator})
        self.detector = detector.eval().requires_grad_(self.trains_detector)
        if self.trains_detector:
            self.networks["kp_detector"] = detector
        self.data, self.vgg, self.device, self.batch = data, vgg, device, batch
        self.generator = torch.Generator().manual_seed(seed)
        self.pairs = PairSampler(
            data.training,
            data.mesh,
            augmentation=AUGMENTATION,
            colour_jitter=0.6,
            batch=batch,
            generator=self.generator,
        )

    def parameter_groups(self) -> list[dict[str, Any]]:
        return [
            {"params": list(self.networks["generator"].parameters()), "scale": 1.0},
            {"params": list(self.networks["dense_motion"].parameters()), "scale": DENSE_MOTION_RATE_SCALE},
        ]

    def step(self) -> dict[str, Tensor]:
        pairs = self.pairs.sample(self.device)
        keypoints = self._keypoints(pairs)
        crops = self._sample_crops(pairs.driving_keypoints)
        flow, cropped_flow, generated = render_frames(
            self.networks, pairs.source, *keypoints, self.sampling, crops
        )
        target = crops(pairs.driving, 2)
        warped = warp_by_flow(pairs.source, upsample_flow(cropped_flow))
        importance = F.interpolate(crops(pairs.importance[:, None], 1), scale_factor=2)
        perceptual, likeness = self._feature_losses(generated, target)
        losses = {
            "picture": (charbonnier(generated - target) * importance).mean(),
            "structure": (1 - ssim(generated, target, 7, 2)).mean(),
            "sharpness": gradient_difference(generated, target),
            "perceptual": perceptual,
            "likeness": likeness,
            "warped": (charbonnier(warped - target).clamp(max=0.3) * importance).mean(),
            "warped_structure": (1 - ssim(warped, target, 7, 3)).mean(),
            "flow": flow_loss(flow, pairs),
        }
        return {**losses, "loss": weighted_sum(losses, LOSS_WEIGHTS)}

    def _keypoints(self, pairs: PairBatch) -> tuple[Keypoints, Keypoints]:
        """Noisy keypoints of source and driving frames, mostly detected ones, as at inference."""
        if torch.rand((), generator=self.generator) < self.detected_keypoints_share:
            with torch.autocast(self.device.type, torch.bfloat16):
                detected = self.detector(torch.cat([pairs.source, pairs.driving]))
            source, driving = detected[: self.batch], detected[self.batch :]
        else:
            source, driving = pairs.source_keypoints, pairs.driving_keypoints
        return add_keypoint_noise(source, self.generator), add_keypoint_noise(driving, self.generator)

    def _sample_crops(self, driving: Keypoints) -> FrameCrops:
        """Crops around the mouths, around the eyes, or anywhere."""
        draw = float(torch.rand((), generator=self.generator))
        if draw < MOUTH_SHARE:
            return FrameCrops.around(driving.value[:, LIPS].mean(1), *MOUTH_CROP)
        if draw < MOUTH_SHARE + EYES_SHARE:
            return FrameCrops.around(driving.value[:, EYES].mean(1), *EYES_CROP)
        centres = torch.rand(self.batch, 2, generator=self.generator) * 1.2 - 0.6
        return FrameCrops.around(centres, *ANY_CROP)

    def _feature_losses(self, generated: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Distance of the features at full and half resolution, and of the normalized ones at full resolution."""
        scales = ((generated, target), (F.avg_pool2d(generated, 2), F.avg_pool2d(target, 2)))
        features = []
        for generated_image, target_image in scales:
            with torch.autocast(self.device.type, torch.bfloat16):
                with torch.no_grad():
                    target_features = self.vgg.extract(target_image)
                features.append((self.vgg.extract(generated_image), target_features))
        distance = torch.stack([feature_distance(*pair) for pair in features]).sum()
        return distance, normalized_feature_distance(*features[0]).mean()

    def validate(self, averaged: nn.ModuleDict, folder: Path) -> dict[str, float]:
        """L1 and SSIM of the copied source, the analytic warp, the learned warp and the generated frame.

        The generated frame's feature distance as well. Draws a sheet with the same images.
        """
        pairs = ValidationPairs(self.data.validation, VALIDATION_FRAMES)
        analytic = analytic_dense_motion().to(self.device)
        metrics, rows = MeanMetrics(), []
        detector = averaged["kp_detector"] if self.trains_detector else self.detector
        for begin in range(0, len(pairs), VALIDATION_BATCH):
            source, driving, _, _ = pairs.batch(begin, VALIDATION_BATCH)
            source, driving = source.to(self.device), driving.to(self.device)
            with torch.autocast(self.device.type, torch.bfloat16):
                detected = detector(torch.cat([source, driving]))
            keypoints = detected[: len(source)], detected[len(source) :]
            flow, _, generated = render_frames(averaged, source, *keypoints, self.sampling)
            results = {
                "copy": source,
                "analytic": warp_by_flow(source, upsample_flow(analytic_flow(analytic, *keypoints))),
                "warped": warp_by_flow(source, upsample_flow(flow)),
                "made": generated,
            }
            for name, image in results.items():
                metrics.add_images(name, image, driving)
            with torch.autocast(self.device.type, torch.bfloat16):
                features = self.vgg.extract(generated), self.vgg.extract(driving)
            metrics.add("made_features", normalized_feature_distance(*features))
            shown = [source, driving, results["analytic"], results["warped"], generated]
            rows.append(torch.cat(shown, 3).cpu())
        write_row_sheet(folder / f"{self.name}.png", torch.cat(rows), SHEET_ROWS)
        return metrics.means()


def initialize_generator(generator: Generator) -> None:
    """Initialize to the warped image: a small last layer, residual blocks near the identity, no occlusion."""
    with torch.no_grad():
        for module in generator.modules():
            if isinstance(module, nn.Sequential) and isinstance(module[-1], nn.BatchNorm2d):
                module[-1].weight.fill_(0.2)
        nn.init.normal_(generator.output.weight, std=0.01)
        assert generator.output.bias is not None
        generator.output.bias.zero_()
        generator.output.bias[12:] = 2.0  # pixel_shuffle makes the fourth channel of the last four
