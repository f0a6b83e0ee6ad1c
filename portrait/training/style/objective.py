"""The losses of a batch in which each image is painted in a style of its own, without a loop over the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.style.network import Rows, StyleNetwork
from portrait.training.style.losses import (
    content_distances,
    grain_loss,
    gram_distance,
    gram_matrix,
    stability_loss,
)
from portrait.training.style.recipe import LossWeights, Recipe
from portrait.training.vgg_features import FeatureNetwork

TAPS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")  # of VGG-16
DETAIL_TAP, CONTENT_TAP = 1, 2  # indices of relu2_2 and relu3_3 in ``TAPS``
LUMA = (0.2126, 0.7152, 0.0722)
MAX_SHIFT = 3  # pixels, of the shifted photo in the stability loss
STABILITY_MARGIN = 8  # pixels
WINDOW_OFFSETS = 8  # pixels, of the random window that the losses see
LIGHT_CELL = 24  # pixels: the brightness of such a cell is compared
COLOUR_CELL = 6


@dataclass(frozen=True)
class Batch:
    """Photos to paint, each in the style of its row.

    ``crops``: float (B, 3, S + 2 m, S + 2 m) in 0..1, m being ``MAX_SHIFT``; ``faces`` and ``details``: masks of the
    face, and of its eyes and mouth, (B, 1, S, S) in 0..1; ``styles``: int64 (B,).
    ``frames``: neighbouring frames of clips, (P, 2, 3, T, T), and ``frame_styles``: int64 (P,).
    """

    crops: Tensor
    faces: Tensor
    details: Tensor
    styles: Tensor
    frames: Tensor | None = None
    frame_styles: Tensor | None = None


class StyleObjective:
    """The losses of a style network; ``targets``: (S, C, C) for each of ``TAPS``, at full and at half the size.

    Styles with the photo's own colours have the Gram matrices of their grey paintings.
    """

    def __init__(
        self,
        features: FeatureNetwork,
        targets: tuple[Sequence[Tensor], Sequence[Tensor]],
        recipes: Sequence[Recipe],
        weights: LossWeights,
        dtype: torch.dtype,
    ) -> None:
        device = features.mean.device
        self.network, self.targets, self.weights, self.dtype = features, targets, weights, dtype
        self.factors = {
            name: torch.tensor([float(getattr(recipe, name)) for recipe in recipes], device=device)
            for name in ("style", "content", "face", "detail", "light", "colour", "own_colours")
        }
        self.luma = torch.tensor(LUMA, device=device).reshape(1, 3, 1, 1)
        self.generator = torch.Generator().manual_seed(0)

    def __call__(self, painter: StyleNetwork, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss to minimize, a scalar, and what it consists of: (B,) each, without their weights."""
        weights, styles, crops = self.weights, batch.styles, batch.crops
        of = {name: values[styles] for name, values in self.factors.items()}
        own = of["own_colours"].reshape(-1, 1, 1, 1)
        side = crops.shape[3] - 2 * MAX_SHIFT
        photos = crops[..., MAX_SHIFT : MAX_SHIFT + side, MAX_SHIFT : MAX_SHIFT + side].contiguous(
            memory_format=torch.channels_last
        )
        painted = painter(photos, _rows(styles))
        # 1. Features of a window at a random offset. With a fixed one, VGG's pooling grid would always align with
        #    the network's own, and a periodic pattern could be invisible to the losses.
        top, left = self._random(WINDOW_OFFSETS), self._random(WINDOW_OFFSETS)
        inner = side - WINDOW_OFFSETS
        window = (slice(None), slice(None), slice(top, top + inner), slice(left, left + inner))
        # Brushwork of a style with the photo's own colours is compared in grey, and so is its content.
        shown = self._grey(painted[window], own)
        seen = self._grey(photos[window], own)
        with torch.no_grad():
            photo_features = self.features(seen, TAPS[CONTENT_TAP])
        features = self.features(shown)
        halves = self.features(F.avg_pool2d(shown, 2))
        face, detail = batch.faces[window], batch.details[window]
        # 2. What is in the picture.
        face_weight = 1 + weights.face * of["face"].reshape(-1, 1, 1, 1) * face
        content = content_distances(features[CONTENT_TAP], photo_features[CONTENT_TAP], face_weight)
        details = content_distances(
            features[DETAIL_TAP], photo_features[DETAIL_TAP], face + weights.features * detail
        )
        parts = {"content": content, "detail": details}
        loss = weights.content * of["content"] * content + weights.detail * of["detail"] * details
        # 3. Style, at two sizes.
        for name, layers, targets, each in (
            ("", features, self.targets[0], weights.style),
            ("half_", halves, self.targets[1], weights.coarse),
        ):
            for tap, layer, target, weight in zip(TAPS, layers, targets, each, strict=True):
                distance = gram_distance(gram_matrix(layer), target[styles])
                parts[name + tap] = distance
                loss = loss + weight * of["style"] * distance
        # 4. Light, colours, smoothness.
        parts["light"] = self._light(painted, photos, batch.faces)
        parts["colour"] = of["colour"] * self._colour(painted, photos)
        parts["grain"] = grain_loss(painted)
        parts["variation"] = _variation(painted)
        loss = loss + weights.light * of["light"] * parts["light"] + weights.colour * parts["colour"]
        loss = loss + weights.grain * parts["grain"] + weights.variation * parts["variation"]
        total = loss.mean()
        # 5. Stability: of a shifted photo with noise, and of neighbouring frames.
        if weights.stability:
            stability = self._stability(painter, crops, painted, styles)
            parts["stability"] = stability
            total = total + weights.stability * stability.mean()
        if batch.frames is not None and batch.frame_styles is not None:
            pixels, levels = self._motion(painter, batch.frames, batch.frame_styles)
            parts["motion"] = pixels
            total = total + weights.motion * pixels.mean()
            for tap, level, weight in zip(TAPS, levels, weights.motion_features, strict=False):
                parts[f"motion_{tap}"] = level
                total = total + weight * level.mean()
        return total, parts

    def features(self, images: Tensor, last: str | None = None) -> list[Tensor]:
        """VGG's features of float (B, 3, H, W) in 0..1."""
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            return self.network.extract(images, last=last)

    def _grey(self, images: Tensor, share: Tensor) -> Tensor:
        """``images``, of which those with a ``share`` of one, (B, 1, 1, 1), in grey."""
        return images.lerp((images * self.luma).sum(1, keepdim=True).expand_as(images), share)

    def _light(self, painted: Tensor, photos: Tensor, faces: Tensor) -> Tensor:
        """How much the brightness of cells differs, (B,): each image's mean is taken off."""
        difference = ((painted - photos) * self.luma).sum(1, keepdim=True)
        cells = F.avg_pool2d(difference, LIGHT_CELL)
        weight = 1 + F.interpolate(faces, cells.shape[2:], mode="area")
        weight = weight / weight.mean((2, 3), keepdim=True)
        mean = (cells * weight).mean((2, 3), keepdim=True)
        return ((cells - mean).square() * weight).mean((1, 2, 3))

    def _colour(self, painted: Tensor, photos: Tensor) -> Tensor:
        """How much the colours of cells differ, without their brightness: (B,)."""
        difference = F.avg_pool2d(painted - photos, COLOUR_CELL)
        return (difference - (difference * self.luma).sum(1, keepdim=True)).square().mean((1, 2, 3))

    def _stability(self, painter: StyleNetwork, crops: Tensor, painted: Tensor, styles: Tensor) -> Tensor:
        """The stability loss of a quarter of the photos, shifted by a few pixels and with noise: (count,)."""
        count = (len(styles) + 3) // 4
        down, across = (self._random(2 * MAX_SHIFT + 1) - MAX_SHIFT for _ in range(2))
        side = painted.shape[3]
        top, left = MAX_SHIFT + down, MAX_SHIFT + across
        shifted = crops[:count, :, top : top + side, left : left + side]
        level = self.weights.noise * self._random(1000) / 1000
        repainted = painter(
            (shifted + level * torch.randn_like(shifted)).contiguous(memory_format=torch.channels_last),
            _rows(styles[:count]),
        )
        return stability_loss(painted[:count], repainted, (down, across), STABILITY_MARGIN)[None]

    def _motion(self, painter: StyleNetwork, frames: Tensor, styles: Tensor) -> tuple[Tensor, list[Tensor]]:
        """How much the change between neighbouring frames differs before and after painting: (P,), and by level.

        No flow is needed (Gao et al., "Fast Video Multi-Style Transfer", WACV 2020). The changes are relative to the
        contrast of both, so that a style of more contrast may change more.
        """
        pairs, _, channels, height, width = frames.shape
        flat = frames.reshape(-1, channels, height, width).contiguous(memory_format=torch.channels_last)
        painted = painter(flat, _rows(styles.repeat_interleave(2)))
        last = TAPS[len(self.weights.motion_features) - 1]
        with torch.no_grad():
            before = self.features(flat, last)
        after = self.features(painted, last)

        def change(images: Tensor) -> Tensor:
            images = images.reshape(pairs, 2, *images.shape[1:]).float()
            return images[:, 1] - images[:, 0]

        pixels = (change(painted) - change(flat)).square().mean((1, 2, 3))
        levels = []
        for one, other in zip(after, before, strict=True):
            energy = other.float().square().mean((1, 2, 3)).reshape(pairs, 2).mean(1)
            levels.append((change(one) - change(other)).square().mean((1, 2, 3)) / energy.clamp_min(1e-6))
        return pixels, levels

    def _random(self, below: int) -> int:
        return int(torch.randint(below, (), generator=self.generator))


def _rows(styles: Tensor) -> Rows:
    """As the network is fastest with: on a processor it normalizes each image by itself."""
    return styles if styles.is_cuda else cast(list[int], styles.tolist())


def _variation(images: Tensor) -> Tensor:
    """Mean absolute difference of neighbours in (B, C, H, W): (B,)."""
    across = (images[..., 1:] - images[..., :-1]).abs().mean((1, 2, 3))
    return across + (images[..., 1:, :] - images[..., :-1, :]).abs().mean((1, 2, 3))
