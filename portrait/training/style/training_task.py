"""Training step and validation of the style network: perceptual losses, with a style for each image of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from portrait.engine.photo.picture import centre_square
from portrait.engine.runtime.precision import choose_dtype
from portrait.engine.style.catalogue import DeepSizes
from portrait.engine.style.network import StyleNetwork
from portrait.engine.style.row import STYLE_VECTORS
from portrait.training.image_grids import evenly_spaced, to_float_images, to_uint8_images, write_image_grid
from portrait.training.style.device_photos import DevicePhotos, sample_pairs
from portrait.training.style.losses import content_distance, gram_distance, gram_matrix
from portrait.training.style.objective import CONTENT_TAP, MAX_SHIFT, TAPS, Batch, StyleObjective
from portrait.training.style.photos import Photos
from portrait.training.style.recipe import LossWeights, Recipe
from portrait.training.style.small_features import SmallFeatures, imitation_loss
from portrait.training.training_loop import Schedule, TrainingTask
from portrait.training.vgg_features import FeatureNetwork

WIDTHS, BLOCKS, DEEP = (16, 40, 80), 5, DeepSizes(width=128, blocks=5)
FRAME_WINDOWS = (0.5, 0.8)  # of the crops of neighbouring frames, as fractions of the frame
VALIDATION_SIDE = 512  # pixels
VALIDATION_PHOTOS, SHEET_PHOTOS = 8, 5
VECTOR_RATE_SCALE = 3.0  # learning rate of the styles' vectors, relative to the convolutions'


@dataclass(frozen=True)
class StyleTrainingConfig:
    """Sizes of the style network and hyperparameters of its training.

    A GPU takes a ``batch`` of 16, a ``side`` of 384 and 4 ``pairs`` of 256 pixels.
    """

    widths: tuple[int, int, int] = WIDTHS
    blocks: int = BLOCKS
    deep: DeepSizes | None = DEEP
    batch: int = 3
    side: int = 256  # pixels of the crops; larger crops show more of a painting's large shapes
    pairs: int = 1  # of neighbouring frames, where there are clips,
    pair_side: int = 128  # of so many pixels
    weights: LossWeights = field(default_factory=LossWeights)
    schedule: Schedule = field(
        default_factory=lambda: Schedule(
            learning_rate=1.5e-3,
            warmup_steps=80,
            betas=(0.9, 0.99),
            ema_decay=0.997,
            max_gradient_norm=5.0,
            validation_interval=420.0,
        )
    )


class StyleTrainingTask(TrainingTask):
    """Trains a style network. Each image of a batch is painted in a different style."""

    name = "painter"

    def __init__(
        self,
        network: StyleNetwork,
        photos: tuple[Photos, Photos],
        targets: Sequence[tuple[list[Tensor], list[Tensor]]],
        recipes: Sequence[Recipe],
        features: FeatureNetwork,
        *,
        config: StyleTrainingConfig,
        device: torch.device,
        pairs: Sequence[NDArray[np.uint8]] = (),
        imitate: bool = False,
        seed: int = 0,
    ) -> None:
        """Args:
        photos: for training and for validation.
        targets: for each style the Gram matrices of ``TAPS`` at full and at half the size.
        pairs: neighbouring frames of clips, uint8 (2, H, H, 3) each.
        imitate: also train ``SmallFeatures`` to give what ``features`` gives.
        """
        self.networks = nn.ModuleDict({"painter": network})
        if imitate:
            imitated = [matrix.shape[-1] for matrix in targets[0][0]]
            self.networks["features"] = SmallFeatures(imitated).to(device)
        self.training, self.validation = DevicePhotos.of(photos[0], device), photos[1]
        self.pairs = (
            torch.from_numpy(np.stack(pairs)).permute(0, 1, 4, 2, 3).contiguous().to(device)
            if pairs
            else None
        )
        self.styles = len(targets)
        full, half = (
            [torch.stack(list(layer)).to(device) for layer in zip(*level, strict=True)]
            for level in zip(*targets, strict=True)
        )
        self.targets = full
        self.objective = StyleObjective(
            features, (full, half), recipes, config.weights, choose_dtype("auto", device)
        )
        self.config, self.device = config, device
        self.generator = torch.Generator(device).manual_seed(seed)

    def parameter_groups(self) -> list[dict[str, Any]]:
        trained = {name: p for name, p in self.networks.named_parameters() if p.requires_grad}
        # A style's vectors only get a gradient in the batches that paint it, and are given a higher learning rate.
        return [
            {"params": [p for name, p in trained.items() if not name.endswith(STYLE_VECTORS)], "scale": 1.0},
            {
                "params": [p for name, p in trained.items() if name.endswith(STYLE_VECTORS)],
                "scale": VECTOR_RATE_SCALE,
            },
        ]

    def step(self) -> dict[str, Tensor]:
        config, generator = self.config, self.generator
        crops, faces, details = self.training.sample(
            config.batch, config.side + 2 * MAX_SHIFT, MAX_SHIFT, generator
        )
        batch = Batch(crops, faces, details, self._sample_styles(config.batch))
        if self.pairs is not None:
            frames = sample_pairs(self.pairs, config.pairs, config.pair_side, FRAME_WINDOWS, generator)
            batch = Batch(crops, faces, details, batch.styles, frames, self._sample_styles(config.pairs))
        loss, parts = self.objective(cast(StyleNetwork, self.networks["painter"]), batch)
        if "features" in self.networks:
            parts["imitation"] = self._imitation_loss(batch)[None]
            loss = loss + parts["imitation"].mean()
        return {"loss": loss, **{name: part.detach().mean() for name, part in parts.items()}}

    def _imitation_loss(self, batch: Batch) -> Tensor:
        """Of a quarter of the photos, and of a quarter painted."""
        painter, small = cast(StyleNetwork, self.networks["painter"]), self.networks["features"]
        count = -(-len(batch.crops) // 4)
        photos = batch.crops[:count]
        with torch.no_grad():
            pictures = torch.cat([photos, painter(photos, batch.styles[:count])])
            wanted = self.objective.features(pictures)
        return imitation_loss(cast(SmallFeatures, small).extract(pictures), wanted)

    def _sample_styles(self, count: int) -> Tensor:
        """As many different styles as there are: int64 (count,)."""
        rounds = [
            torch.randperm(self.styles, generator=self.generator, device=self.device)
            for _ in range(-(-count // self.styles))
        ]
        return torch.cat(rounds)[:count]

    def validate(self, averaged: nn.ModuleDict, folder: Path) -> dict[str, float]:
        """Content and Gram distances on held-out photos, means over styles; draws ``painter.png`` with all styles."""
        painter = cast(StyleNetwork, averaged["painter"])
        photos = self.validation.faces or self.validation.others
        squares = [
            centre_square(photos[index], VALIDATION_SIDE)
            for index in evenly_spaced(len(photos), VALIDATION_PHOTOS)
        ]
        images = to_float_images(np.stack(squares)).to(self.device)
        photo_content = [
            self.objective.features(image, TAPS[CONTENT_TAP])[CONTENT_TAP] for image in images.split(1)
        ]
        metrics: dict[str, list[float]] = {"content": [], **{tap: [] for tap in TAPS}}
        columns = [to_uint8_images(images[:SHEET_PHOTOS])]
        for style in range(self.styles):
            painted = [painter(image, style) for image in images.split(1)]
            columns.append(to_uint8_images(torch.cat(painted[:SHEET_PHOTOS])))
            for picture, content in zip(painted, photo_content, strict=True):
                features = self.objective.features(picture)
                metrics["content"].append(float(content_distance(features[CONTENT_TAP], content)))
                for tap, layer, target in zip(TAPS, features, self.targets, strict=True):
                    metrics[tap].append(float(gram_distance(gram_matrix(layer), target[[style]])))
        write_image_grid(folder / f"{self.name}.png", [list(row) for row in zip(*columns, strict=True)])
        return {key: sum(values) / len(values) for key, values in metrics.items()}
