"""Training step and validation of the style network: perceptual losses, with a style for each image of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from portrait.engine.photo.picture import centre_square
from portrait.engine.runtime.precision import choose_dtype
from portrait.engine.style.network import StyleNetwork
from portrait.training.image_grids import evenly_spaced, to_float_images, to_uint8_images, write_image_grid
from portrait.training.style.export import STYLE_VECTORS
from portrait.training.style.losses import (
    content_distance,
    gram_distance,
    gram_matrix,
    stability_loss,
    total_variation,
)
from portrait.training.style.photos import Photos, sample_crops
from portrait.training.training_loop import Schedule, TrainingTask
from portrait.training.vgg_features import VGGFeatures

TAPS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")  # of VGG-16
DETAIL_TAP, CONTENT_TAP = 1, 2  # indices of relu2_2 and relu3_3 in ``TAPS``
WIDTHS, BLOCKS = (16, 40, 80), 5  # 7.9 GFLOP (two for each multiply-add) at 256 pixels
MAX_SHIFT = 3  # pixels, of the shifted photo in the stability loss
STABILITY_MARGIN = 8  # pixels
WINDOW_OFFSETS = 8  # pixels, of the random window that the losses see
VALIDATION_SIDE = 256  # pixels
VALIDATION_PHOTOS, SHEET_PHOTOS = 8, 5
VECTOR_RATE_SCALE = 3.0  # learning rate of the styles' vectors, relative to the convolutions'


@dataclass(frozen=True)
class LossWeights:
    """Weights of the losses."""

    content: float = 0.8
    face: float = 2.2  # added to the content loss inside a face
    detail: float = 0.45  # content loss of relu2_2 inside a face, for details of a few pixels such as eyes
    style: tuple[float, ...] = (1.0, 1.4, 2.0, 3.0)  # of each tap's Gram matrix
    variation: float = 0.2
    stability: float = 40.0
    noise: float = 0.03  # standard deviation of the noise in the stability loss


@dataclass(frozen=True)
class StyleTrainingConfig:
    """Sizes of the style network and hyperparameters of its training."""

    widths: tuple[int, int, int] = WIDTHS
    blocks: int = BLOCKS
    batch: int = 3
    side: int = 176  # pixels of the crops; larger crops show more of a painting's large shapes
    weights: LossWeights = field(default_factory=LossWeights)
    schedule: Schedule = field(
        default_factory=lambda: Schedule(
            learning_rate=1.5e-3,
            warmup_steps=60,
            betas=(0.9, 0.99),
            ema_decay=0.995,
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
        targets: Sequence[Sequence[Tensor]],
        vgg: VGGFeatures,
        *,
        config: StyleTrainingConfig,
        device: torch.device,
        seed: int = 0,
    ) -> None:
        """``photos``: for training and for validation; ``targets``: for each style the Gram matrices of ``TAPS``."""
        self.networks = nn.ModuleDict({"painter": network})
        self.training, self.validation = photos
        self.targets = [torch.stack(list(layer)).to(device) for layer in zip(*targets, strict=True)]
        self.styles = len(targets)
        self.vgg, self.config, self.device = vgg, config, device
        self.generator = torch.Generator().manual_seed(seed)

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
        config, weights = self.config, self.config.weights
        painter = cast(StyleNetwork, self.networks["painter"])
        # 1. Crops with a border, so that the stability loss can shift them.
        crops, masks = sample_crops(self.training, config.batch, config.side + 2 * MAX_SHIFT, self.generator)
        crops, masks = (
            part.to(self.device, memory_format=torch.channels_last)
            for part in (crops, masks[..., MAX_SHIFT:-MAX_SHIFT, MAX_SHIFT:-MAX_SHIFT])
        )
        photos = crops[..., MAX_SHIFT:-MAX_SHIFT, MAX_SHIFT:-MAX_SHIFT]
        styles = self._sample_styles()
        painted = painter(photos, styles)
        # 2. Features of a window at a random offset. With a fixed one, VGG's pooling grid would always align with
        #    the network's own, and a periodic pattern could be invisible to the losses.
        top, left = (int(torch.randint(WINDOW_OFFSETS, (), generator=self.generator)) for _ in range(2))
        side = config.side - WINDOW_OFFSETS
        window = (slice(None), slice(None), slice(top, top + side), slice(left, left + side))
        features, photo_features = self._extract_features(painted[window], photos[window])
        face = masks[window]
        # 3. Losses.
        content = content_distance(features[CONTENT_TAP], photo_features[1], 1 + weights.face * face).mean()
        detail = content_distance(features[DETAIL_TAP], photo_features[0], face).mean()
        style = torch.stack(
            [
                gram_distance(gram_matrix(layer), target[styles]).mean()
                for layer, target in zip(features, self.targets, strict=True)
            ]
        )
        variation = total_variation(painted)
        losses = {"content": content, "detail": detail, "variation": variation}
        losses |= dict(zip(TAPS, style.detach(), strict=True))
        loss = weights.content * content + weights.detail * detail + weights.variation * variation
        loss = loss + (style * style.new_tensor(weights.style)).sum()
        if weights.stability:
            losses["stability"] = self._stability_loss(painter, crops, painted, styles)
            loss = loss + weights.stability * losses["stability"]
        return {"loss": loss, **losses}

    def _sample_styles(self) -> list[int]:
        order = torch.randperm(self.styles, generator=self.generator).tolist()
        return [order[index % len(order)] for index in range(self.config.batch)]

    def _extract_features(self, painted: Tensor, photos: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """All taps of the paintings, and the photos' two taps of the content losses."""
        with self._autocast():
            features = self.vgg.extract(painted)
            with torch.no_grad():
                photo_features = self.vgg.extract(photos, last=TAPS[CONTENT_TAP])
        return features, photo_features[DETAIL_TAP:]

    def _stability_loss(
        self, painter: StyleNetwork, crops: Tensor, painted: Tensor, styles: list[int]
    ) -> Tensor:
        """The stability loss of half of the photos, shifted by a few pixels and with noise."""
        count = (len(styles) + 1) // 2
        down, across = (
            int(torch.randint(-MAX_SHIFT, MAX_SHIFT + 1, (), generator=self.generator)) for _ in range(2)
        )
        side = self.config.side
        top, left = MAX_SHIFT + down, MAX_SHIFT + across
        shifted = crops[:count, :, top : top + side, left : left + side]
        level = self.config.weights.noise * float(torch.rand((), generator=self.generator))
        noise = torch.randn(shifted.shape, generator=self.generator).to(self.device)
        repainted = painter(shifted + level * noise, styles[:count])
        return stability_loss(painted[:count], repainted, (down, across), STABILITY_MARGIN)

    def _autocast(self) -> torch.autocast:
        dtype = choose_dtype("auto", self.device)
        return torch.autocast(self.device.type, torch.bfloat16, enabled=dtype == torch.bfloat16)

    def validate(self, averaged: nn.ModuleDict, folder: Path) -> dict[str, float]:
        """Content and Gram distances on held-out photos, means over styles; draws ``painter.png`` with all styles."""
        painter = cast(StyleNetwork, averaged["painter"])
        photos = self.validation.faces or self.validation.others
        squares = [
            centre_square(photos[index], VALIDATION_SIDE)
            for index in evenly_spaced(len(photos), VALIDATION_PHOTOS)
        ]
        images = to_float_images(np.stack(squares)).to(self.device)
        metrics: dict[str, list[float]] = {"content": [], **{tap: [] for tap in TAPS}}
        columns = [to_uint8_images(images[:SHEET_PHOTOS])]
        for style in range(self.styles):
            painted = torch.cat([painter(image, style) for image in images.split(1)])
            columns.append(to_uint8_images(painted[:SHEET_PHOTOS]))
            features, photo_features = self._extract_features(painted, images)
            metrics["content"].append(
                float(content_distance(features[CONTENT_TAP], photo_features[1]).mean())
            )
            for tap, layer, target in zip(TAPS, features, self.targets, strict=True):
                distance = gram_distance(gram_matrix(layer), target[[style] * len(layer)])
                metrics[tap].append(float(distance.mean()))
        write_image_grid(folder / f"{self.name}.png", [list(row) for row in zip(*columns, strict=True)])
        return {key: sum(values) / len(values) for key, values in metrics.items()}
