"""Evaluation of motion models on held-out people: the table of the model card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.fomm.model import MotionModel
from portrait.training.image_grids import to_float_images, to_uint8_images
from portrait.training.motion.analytic_warp import (
    analytic_dense_motion,
    analytic_flow,
    upsample_flow,
    warp_by_flow,
)
from portrait.training.motion.clips import FRAME_SIDE, LANDMARK_FILE
from portrait.training.motion.dataset import DatasetSplit
from portrait.training.motion.expression import (
    eye_opening,
    mouth_opening,
    pearson_correlation,
    subtract_clip_mean,
)
from portrait.training.motion.image_losses import normalized_feature_distance, ssim
from portrait.training.motion.validation import ValidationPairs
from portrait.training.vgg_features import VGGFeatures

COPY, ANALYTIC = "copy", "analytic"  # baselines: the source unchanged, and the analytic warp
TAPS = ("relu1_2", "relu2_2", "relu3_3")
IMAGE_METRICS = ("l1", "ssim", "features", "sharpness")
BATCH = 8


class MotionEvaluation:
    """Compares models and baselines on the validation pairs."""

    def __init__(
        self, split: DatasetSplit, vgg: VGGFeatures, models: Mapping[str, MotionModel], frames_per_clip: int
    ) -> None:
        """``models``: by name; the first one's keypoints are used for the analytic warp."""
        self.split, self.vgg, self.models = split, vgg, models
        self.pairs = ValidationPairs(split.validation, frames_per_clip)

    @torch.no_grad()
    def run(self, frames: Path | None) -> dict[str, dict[str, float]]:
        """A row of metrics for each method: L1, SSIM, feature distance and sharpness, means over the pairs.

        Sharpness is the variance of the Laplacian relative to the driving frame's.

        ``frames``: a folder to write all images to, as ``<method>/<clip>/<pair>.png``. Where a method's folder has
        the landmarks of its images, as ``find_landmarks.py`` writes them, its row has the landmark metrics too: AKD
        (mean landmark distance in pixels of 256), the correlations of the openings of eyes and mouth with the driving
        frames' within a clip, and the share of images with a detected face.
        """
        rows: dict[str, list[Tensor]] = {}
        for begin in range(0, len(self.pairs), BATCH):
            source, driving, _, _ = self.pairs.batch(begin, BATCH)
            clips = self.split.validation.clip[self.pairs.driving[begin : begin + BATCH]].tolist()
            driving_features = self.vgg.extract(driving)
            for name, generated in self._generate(source, driving).items():
                pixels = to_uint8_images(generated)
                image = to_float_images(pixels)  # quantized, as in a file
                metrics = [
                    (image - driving).abs().mean((1, 2, 3)),
                    ssim(image, driving).mean((1, 2, 3)),
                    normalized_feature_distance(self.vgg.extract(image), driving_features),
                    laplacian_variance(image) / laplacian_variance(driving),
                ]
                rows.setdefault(name, []).append(torch.stack(metrics, 1))
                if frames is not None:
                    for index, (clip, picture) in enumerate(zip(clips, pixels, strict=True)):
                        path = frames / name / f"{clip:05d}" / f"{begin + index:05d}.png"
                        path.parent.mkdir(parents=True, exist_ok=True)
                        Image.fromarray(picture).save(path)
        table = {
            method: dict(zip(IMAGE_METRICS, torch.cat(parts).mean(0).tolist(), strict=True))
            for method, parts in rows.items()
        }
        if frames is not None:
            for method in table:
                if (frames / method / LANDMARK_FILE).exists():
                    table[method] |= self._landmark_metrics(frames / method)
        return table

    def _generate(self, source: Tensor, driving: Tensor) -> dict[str, Tensor]:
        """The frames of each method, by name, for pairs (B, 3, 256, 256) in 0..1."""
        first = next(iter(self.models.values()))
        keypoints = first.keypoints(source), first.keypoints(driving)
        flow = upsample_flow(analytic_flow(analytic_dense_motion(), *keypoints))
        generated = {COPY: source, ANALYTIC: warp_by_flow(source, flow)}
        for name, model in self.models.items():
            frames = [
                model.animate(
                    source_frame.permute(1, 2, 0).numpy(),
                    driving_frame[None].permute(0, 2, 3, 1).numpy(),
                    relative=False,
                )
                for source_frame, driving_frame in zip(source, driving, strict=True)
            ]
            generated[name] = torch.from_numpy(np.concatenate(frames)).permute(0, 3, 1, 2)
        return generated

    def _landmark_metrics(self, folder: Path) -> dict[str, float]:
        """Metrics from the landmarks that were detected in a method's images."""
        with np.load(folder / LANDMARK_FILE) as stored:
            # Clips and images are numbered, so that sorted names give the order of the pairs.
            pixels = np.concatenate([stored[name] for name in sorted(stored.files)]).astype(np.float32)
        landmarks = torch.from_numpy(pixels) * (2 / FRAME_SIDE) - 1
        detected = torch.isfinite(landmarks).all(-1).all(-1)
        landmarks, driving = landmarks[detected], self.pairs.driving[detected]
        target = self.split.validation.landmarks[driving]
        clip = self.split.validation.clip[driving]
        keypoints, target_keypoints = (
            Keypoints(*self.split.fit(landmarks)),
            Keypoints(*self.split.fit(target)),
        )

        def correlation(opening: Tensor, target_opening: Tensor) -> float:
            return pearson_correlation(
                subtract_clip_mean(opening, clip), subtract_clip_mean(target_opening, clip)
            )

        return {
            "akd": float((landmarks - target).norm(dim=-1).mean() * FRAME_SIDE / 2),
            "eyes": correlation(eye_opening(keypoints), eye_opening(target_keypoints)),
            "mouth": correlation(mouth_opening(keypoints), mouth_opening(target_keypoints)),
            "found": float(detected.float().mean()),
        }


def laplacian_variance(images: Tensor) -> Tensor:
    """The variance of the Laplacian of the grey versions of (B, 3, H, W), a measure of sharpness: (B,)."""
    grey = images.mean(1)
    centre = grey[:, 1:-1, 1:-1]
    neighbours = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return (neighbours - 4 * centre).flatten(1).var(1)
