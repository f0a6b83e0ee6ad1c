"""Stage two: the dense motion network is trained on the flow between two frames, from the analytic warp on."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.compact.dense_motion import DenseMotion
from portrait.training.image_grids import write_row_sheet
from portrait.training.motion.analytic_warp import analytic_dense_motion, analytic_flow, warp_by_flow
from portrait.training.motion.augmentation import AffineAugmentation
from portrait.training.motion.dataset import DatasetSplit
from portrait.training.motion.flow_losses import bending_loss, flow_loss, static_region_loss
from portrait.training.motion.image_losses import charbonnier, gradient_difference, ssim
from portrait.training.motion.pair_sampler import PairSampler, add_keypoint_noise
from portrait.training.motion.validation import MeanMetrics, ValidationPairs
from portrait.training.training_loop import TrainingTask, weighted_sum

AUGMENTATION = AffineAugmentation(min_scale=0.8, max_scale=1.2, rotation=14, shift=0.04)
LOSS_WEIGHTS = {
    "flow": 0.6,
    "picture": 4.0,
    "structure": 1.0,
    "sharpness": 2.0,
    "still": 0.1,
    "bending": 0.15,
}
VALIDATION_FRAMES = 4  # driving frames of each validation clip
VALIDATION_BATCH = 16
SHEET_ROWS = 12


class DenseMotionStage(TrainingTask):
    """Supervised by the flow of the landmarks' mesh inside the face, and by the warped image everywhere."""

    name = "dense"

    def __init__(
        self, dense: DenseMotion, data: DatasetSplit, *, batch: int, seed: int, device: torch.device
    ) -> None:
        self.networks = nn.ModuleDict({"dense_motion": dense})
        self.data, self.device = data, device
        self.generator = torch.Generator().manual_seed(seed)
        self.pairs = PairSampler(
            data.training,
            data.mesh,
            augmentation=AUGMENTATION,
            colour_jitter=0.7,
            batch=batch,
            generator=self.generator,
        )

    def step(self) -> dict[str, Tensor]:
        pairs = self.pairs.sample(self.device)
        source, driving = F.avg_pool2d(pairs.source, 2), F.avg_pool2d(pairs.driving, 2)
        source_keypoints = add_keypoint_noise(pairs.source_keypoints, self.generator)
        driving_keypoints = add_keypoint_noise(pairs.driving_keypoints, self.generator)
        with torch.autocast(self.device.type, torch.bfloat16):
            flow, _ = self.networks["dense_motion"](source, source_keypoints, driving_keypoints)
        warped = warp_by_flow(source, flow)
        importance = 1 + (pairs.weight - 1).clamp(0, 3)
        losses = {
            "flow": flow_loss(flow, pairs),
            "picture": (charbonnier(warped - driving).mean(1).clamp(max=0.4) * importance).mean(),
            "structure": (1 - ssim(warped, driving, 7, 2)).mean(),
            "sharpness": gradient_difference(warped, driving),
            "still": static_region_loss(flow, pairs),
            "bending": bending_loss(flow),
        }
        return {**losses, "loss": weighted_sum(losses, LOSS_WEIGHTS)}

    def validate(self, averaged: nn.ModuleDict, folder: Path) -> dict[str, float]:
        """L1 and SSIM at 128 pixels of the copied source, the analytic warp and the learned warp.

        Draws ``dense.png``: source, driving frame, analytic and learned warp.
        """
        pairs = ValidationPairs(self.data.validation, VALIDATION_FRAMES)
        dense = averaged["dense_motion"]
        analytic = analytic_dense_motion().to(self.device)
        metrics, rows = MeanMetrics(), []
        for begin in range(0, len(pairs), VALIDATION_BATCH):
            batch = pairs.batch(begin, VALIDATION_BATCH)
            source, driving = (F.avg_pool2d(image, 2).to(self.device) for image in batch[:2])
            keypoints = [part.to(self.device) for part in batch[2:]]
            with torch.autocast(self.device.type, torch.bfloat16):
                flow, _ = dense(source, *keypoints)
            results = {
                "copy": source,
                "analytic": warp_by_flow(source, analytic_flow(analytic, *keypoints)),
                "learned": warp_by_flow(source, flow),
            }
            for name, image in results.items():
                metrics.add_images(name, image, driving)
            rows.append(torch.cat([source, driving, results["analytic"], results["learned"]], 3))
        write_row_sheet(folder / "dense.png", torch.cat(rows), SHEET_ROWS)
        return metrics.means()
