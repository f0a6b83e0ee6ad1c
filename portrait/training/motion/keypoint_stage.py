"""Stage one: the keypoint detector is trained by regression on keypoints fitted to landmarks."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from portrait.engine.fomm.compact.detector import KeypointDetector
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.fomm.keypoints import join as join_keypoints
from portrait.engine.motion.anatomy import EYES, LIPS
from portrait.training.motion.augmentation import (
    AffineAugmentation,
    degrade,
    jitter_colour,
    transform_keypoints,
    warp_images,
)
from portrait.training.motion.clips import FRAME_SIDE
from portrait.training.motion.dataset import DatasetSplit, FaceFrames
from portrait.training.motion.expression import (
    eye_opening,
    pearson_correlation,
    sampling_weights,
    subtract_clip_mean,
)
from portrait.training.motion.validation import draw_keypoint_sheet
from portrait.training.training_loop import TrainingTask, weighted_sum

AUGMENTATION = AffineAugmentation(min_scale=0.74, max_scale=1.32, rotation=22, shift=0.06, shear=0.05)
PADDINGS = ("border", "reflection", "zeros")
LOSS_WEIGHTS = {"value": 10.0, "jacobian": 2.0, "opening": 2.0}


class KeypointStage(TrainingTask):
    """Supervised training with strong augmentation. Frames with rare expressions are sampled more often."""

    name = "keypoints"

    def __init__(
        self, detector: KeypointDetector, data: DatasetSplit, *, batch: int, seed: int, device: torch.device
    ):
        self.networks = nn.ModuleDict({"kp_detector": detector})
        self.data, self.batch, self.device = data, batch, device
        self.generator = torch.Generator().manual_seed(seed)
        self.sampling_weights = sampling_weights(data.training)
        self.batches = 0
        count = data.training.keypoints.value.shape[1]
        self.value_weight = torch.ones(count, 1, device=device)
        self.jacobian_weight = torch.ones(count, 2, 2, device=device)
        for eye in EYES:
            self.value_weight[eye] = 2.0
            self.jacobian_weight[eye] = 1.5
            self.jacobian_weight[eye, :, 1] = 4.0  # vertical scale: a blink
        for lip in LIPS:
            self.value_weight[lip] = 1.5
            self.jacobian_weight[lip, :, 1] = 2.5  # vertical scale: the mouth's opening

    def step(self) -> dict[str, Tensor]:
        faces = self.data.training
        index = torch.multinomial(
            self.sampling_weights, self.batch, replacement=True, generator=self.generator
        )
        theta = AUGMENTATION.sample(self.batch, self.generator)
        self.batches += 1
        padding = PADDINGS[self.batches % len(PADDINGS)]
        images = warp_images(faces.frames[index], theta, padding)
        images = degrade(jitter_colour(images, self.generator), self.generator).to(self.device)
        target = transform_keypoints(faces.keypoints[index], theta).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            detected = self.networks["kp_detector"](images)
        assert target.jacobian is not None and detected.jacobian is not None
        losses = {
            "value": ((detected.value - target.value).abs() * self.value_weight).mean(),
            "jacobian": ((detected.jacobian - target.jacobian).abs() * self.jacobian_weight).mean(),
            "opening": (eye_opening(detected) - eye_opening(target)).abs().mean(),
        }
        return {"loss": weighted_sum(losses, LOSS_WEIGHTS), **losses}

    def validate(self, averaged: nn.ModuleDict, folder: Path) -> dict[str, float]:
        """Mean error of keypoints (pixels of 256) and Jacobians, and the correlation of the eyes' openings.

        Draws ``keypoints.png``.
        """
        faces = self.data.validation
        detected = detect_keypoints(averaged["kp_detector"], faces, self.device)
        assert detected.jacobian is not None and faces.keypoints.jacobian is not None
        error = (detected.value - faces.keypoints.value).norm(dim=-1) * FRAME_SIDE / 2  # (N, K)
        draw_keypoint_sheet(folder / "keypoints.png", faces, detected)
        return {
            "pixels": error.mean().item(),
            "eyes_pixels": error[:, EYES].mean().item(),
            "jacobian": (detected.jacobian - faces.keypoints.jacobian).abs().mean().item(),
            "blink_correlation": pearson_correlation(
                subtract_clip_mean(eye_opening(detected), faces.clip),
                subtract_clip_mean(eye_opening(faces.keypoints), faces.clip),
            ),
        }


def initialize_detector(detector: KeypointDetector) -> None:
    """Initialize every Jacobian to the identity, which is the mean face's."""
    with torch.no_grad():
        assert detector.jacobian.bias is not None
        detector.jacobian.weight.zero_()
        detector.jacobian.bias.copy_(torch.eye(2).flatten().repeat(detector.heatmap.out_channels))


@torch.no_grad()
def detect_keypoints(
    detector: nn.Module, faces: FaceFrames, device: torch.device, batch: int = 32
) -> Keypoints:
    """The detector's keypoints of all frames, in float32 on the CPU."""
    detector.eval()
    parts = []
    for frames in faces.frames.split(batch):
        with torch.autocast(device.type, torch.bfloat16):
            parts.append(detector(frames.to(device).float() / 255).to(torch.device("cpu")))
    return join_keypoints(parts)
