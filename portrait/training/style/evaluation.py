"""Metrics of a painter: distances to photo and painting, grain, flicker of moving portraits, and cost."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from portrait.engine.motion import Motion
from portrait.engine.photo.crop import CROP_SIZE
from portrait.engine.photo.picture import Picture
from portrait.engine.pipeline import Engine
from portrait.engine.request import ORDERS
from portrait.engine.style import Painter
from portrait.training.image_grids import to_float_images
from portrait.training.style.flicker import (
    AnimatedClip,
    Frames,
    animate,
    background_flicker,
    flicker,
    least_sharpness,
)
from portrait.training.style.losses import content_distance, gram_distance, gram_matrix
from portrait.training.style.objective import CONTENT_TAP, TAPS
from portrait.training.vgg_features import VGGFeatures

# A clip before it is painted, as the report names it beside the orders of painting.
UNPAINTED = "unpainted"


def still_metrics(
    painter: Painter,
    style: str,
    photos: Sequence[Picture],
    targets: Sequence[Tensor],
    vgg: VGGFeatures,
) -> dict[str, float]:
    """Content distance (relu3_3), Gram distance of each of ``TAPS`` and grain, means over uint8 (S, S, 3) photos.

    ``targets``: the painting's Gram matrices, (C, C) each.
    """
    rows, paintings = [], []
    for photo in photos:
        pair = np.stack([painter.paint(photo[None], style)[0], photo])
        paintings.append(pair[0])
        with torch.no_grad():
            features = [layer.float() for layer in vgg.extract(to_float_images(pair))]
        content = content_distance(features[CONTENT_TAP][:1], features[CONTENT_TAP][1:])
        distances = [
            gram_distance(gram_matrix(layer[:1]), target[None])
            for layer, target in zip(features, targets, strict=True)
        ]
        rows.append(torch.cat([content, *distances]))
    means = torch.stack(rows).mean(0).tolist()
    return {**dict(zip(("content", *TAPS), means, strict=True)), "grain": grain(np.stack(paintings))}


def grain(images: Frames) -> float:
    """Strength of a pattern with a period of four pixels in uint8 (N, H, W, 3): 1 is none.

    The network works at a quarter of the resolution, so that its artefacts have this period. The value is the energy
    at that frequency, horizontal, vertical and both, relative to the median energy of the surrounding frequencies.
    The sides of the images must be multiples of four.
    """
    height, width = images.shape[1:3]
    grey = images.mean(3)
    window = np.hanning(height)[:, None] * np.hanning(width)
    spectrum = np.fft.fft2((grey - grey.mean((1, 2), keepdims=True)) * window)
    energy = (np.abs(spectrum) ** 2).sum(0)
    ratios = []
    for y, x in ((0, width // 4), (height // 4, 0), (height // 4, width // 4)):
        # The window spreads the peak over its neighbours, which are left out of the surroundings.
        surroundings = np.roll(energy, (8 - y, 8 - x), (0, 1))[:17, :17]
        peak = surroundings[7:10, 7:10].mean()
        surroundings[5:12, 5:12] = np.nan
        ratios.append(peak / max(np.nanmedian(surroundings), 1e-9))
    return float(np.mean(ratios))


def moving_metrics(
    engine: Engine, style: str, sources: Sequence[Picture], motion: Motion
) -> dict[str, dict[str, float]]:
    """Metrics of a clip before it is painted and in each order of painting: means over ``sources``, uint8 (S, S, 3).

    ``flicker`` of the person, ``background`` (its flicker), ``sharpness`` (the least of a frame, relative to the
    still painting) and ``seconds``.
    """
    rows: dict[str, list[tuple[float, ...]]] = {way: [] for way in (UNPAINTED, *ORDERS)}
    for source in sources:
        begin = time.monotonic()
        subject = engine.subject(source)
        clip = animate(engine, subject, motion)
        seconds = time.monotonic() - begin
        rows[UNPAINTED].append((*_clip_metrics(clip.frames, clip.person, clip, source), seconds))
        painted = engine.painted(subject, style)
        for order in ORDERS:
            begin = time.monotonic()
            composed = list(engine.composed(painted, motion, order))
            seconds = time.monotonic() - begin
            frames = np.stack([frame.picture for frame in composed])
            person = np.stack([frame.alpha for frame in composed])
            rows[order].append((*_clip_metrics(frames, person, clip, painted.still), seconds))
    columns = ("flicker", "background", "sharpness", "seconds")
    return {
        name: dict(zip(columns, np.mean(values, axis=0).tolist(), strict=True))
        for name, values in rows.items()
    }


def _clip_metrics(
    frames: Frames, person: NDArray[np.uint8], clip: AnimatedClip, still: Picture
) -> tuple[float, float, float]:
    """``person``: the alpha in ``frames``, which an order may carry by a slightly different flow than ``clip``'s."""
    return (
        flicker(frames, clip.displacement, clip.person),
        background_flicker(frames, person),
        least_sharpness(frames, still),
    )


def model_size(painter: Painter) -> dict[str, float]:
    """GFLOP (two for each multiply-add) of one frame of 256 pixels, and millions of parameters."""
    image = torch.zeros(1, 3, CROP_SIZE, CROP_SIZE, device=painter.device)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        painter.network(image, 0)
    parameters = sum(parameter.numel() for parameter in painter.network.parameters())
    return {"gflop": counter.get_total_flops() / 1e9, "millions": parameters / 1e6}


def mean_over_styles(tables: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The mean of each metric over several styles."""
    columns = next(iter(tables.values()))
    return {name: sum(table[name] for table in tables.values()) / len(tables) for name in columns}
