"""What motion models do to people they never saw, in numbers: the table of the model card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.fomm.model import MotionModel
from portrait.training.clips import LANDMARK_FILE, SIDE, Split
from portrait.training.dense_stage import analytic_flow, analytic_motion, warp
from portrait.training.generator_stage import enlarged
from portrait.training.keypoint_stage import correlation, eye_opening, mouth_opening, within
from portrait.training.losses import ssim, unit_feature_distance
from portrait.training.perceptual import Perceptual
from portrait.training.validation import JudgePairs
from portrait.training.validation_sheets import to_pixels

COPY, ANALYTIC = "copy", "analytic"
TAPS = ("relu1_2", "relu2_2", "relu3_3")
BATCH = 8


class Measurement:
    """The first frame of each validation clip drives to ``each`` later ones, by every model."""

    def __init__(
        self, split: Split, perceptual: Perceptual, models: Mapping[str, MotionModel], each: int
    ) -> None:
        """``models``: by name; the first one's keypoints drive the analytic warp."""
        self.split, self.perceptual, self.models = split, perceptual, models
        self.pairs = JudgePairs(split.validation, each)

    @torch.no_grad()
    def run(self, frames: Path | None) -> dict[str, dict[str, float]]:
        """L1, SSIM, feature distance and sharpness of every method, means over pairs.

        Sharpness is the variance of the Laplacian beside the true frame's. With ``frames`` every picture is kept in
        ``frames/<method>/<clip>``, and where ``find_landmarks`` has been there since, the table goes on with AKD
        (mean distance of landmarks in pixels of 256) and how well eyes and mouth follow (correlation within a clip).
        """
        sums: dict[str, list[Tensor]] = {}
        for begin in range(0, len(self.pairs), BATCH):
            source, driving, _, _ = self.pairs.batch(begin, BATCH)
            clips = self.split.validation.clip[self.pairs.later[begin : begin + BATCH]].tolist()
            target = self.perceptual.features(driving)
            for name, made in self._make(source, driving).items():
                made = (
                    torch.from_numpy(to_pixels(made)).permute(0, 3, 1, 2).float() / 255
                )  # as it is looked at
                row = torch.stack(
                    [
                        (made - driving).abs().mean((1, 2, 3)),
                        ssim(made, driving).mean((1, 2, 3)),
                        unit_feature_distance(self.perceptual.features(made), target),
                        laplacian_variance(made) / laplacian_variance(driving),
                    ],
                    1,
                )
                sums.setdefault(name, []).append(row)
                if frames is not None:
                    for index, (clip, picture) in enumerate(zip(clips, to_pixels(made), strict=True)):
                        path = frames / name / f"{clip:05d}" / f"{begin + index:05d}.png"
                        path.parent.mkdir(parents=True, exist_ok=True)
                        Image.fromarray(picture).save(path)
        names = ("l1", "ssim", "features", "sharpness")
        table = {
            method: dict(zip(names, torch.cat(rows).mean(0).tolist(), strict=True))
            for method, rows in sums.items()
        }
        if frames is not None:
            for method in table:
                if (frames / method / LANDMARK_FILE).exists():
                    table[method] |= self._follow(frames / method)
        return table

    def _make(self, source: Tensor, driving: Tensor) -> dict[str, Tensor]:
        """What each method makes of (B, 3, 256, 256) in 0..1, pair by pair."""
        first = next(iter(self.models.values()))
        own, other = first.keypoints(source), first.keypoints(driving)
        made = {
            COPY: source,
            ANALYTIC: warp(source, enlarged(analytic_flow(analytic_motion(), own, other))),
        }
        for name, model in self.models.items():
            frames = [
                model.animate(
                    picture.permute(1, 2, 0).numpy(), goal[None].permute(0, 2, 3, 1).numpy(), relative=False
                )
                for picture, goal in zip(source, driving, strict=True)
            ]
            made[name] = torch.from_numpy(np.concatenate(frames)).permute(0, 3, 1, 2)
        return made

    def _follow(self, folder: Path) -> dict[str, float]:
        """AKD and correlations from the landmarks that were found in a method's pictures."""
        with np.load(folder / LANDMARK_FILE) as stored:
            found = np.concatenate([stored[name] for name in sorted(stored.files)]).astype(np.float32)
        # The pictures of a clip are numbered on, clip by clip, so that they lie in the order of the pairs.
        points = torch.from_numpy(found) * (2 / SIDE) - 1
        seen = torch.isfinite(points).all(-1).all(-1)
        points, later = points[seen], self.pairs.later[seen]
        truth = self.split.validation.landmarks[later]
        clip = self.split.validation.clip[later]
        ours, theirs = Keypoints(*self.split.fit(points)), Keypoints(*self.split.fit(truth))
        return {
            "akd": float((points - truth).norm(dim=-1).mean() * SIDE / 2),
            "eyes": correlation(within(eye_opening(ours), clip), within(eye_opening(theirs), clip)),
            "mouth": correlation(within(mouth_opening(ours), clip), within(mouth_opening(theirs), clip)),
            "found": float(seen.float().mean()),
        }


def laplacian_variance(pictures: Tensor) -> Tensor:
    """The variance of the Laplacian of grey pictures (B, 3, H, W): (B,)."""
    grey = pictures.mean(1)
    centre = grey[:, 1:-1, 1:-1]
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return (around - 4 * centre).flatten(1).var(1)
