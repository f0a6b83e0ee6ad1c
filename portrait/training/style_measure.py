"""The painter in numbers: how near to the photo, how near to the painting, and how still in a moving portrait."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from portrait.engine.errors import ChoiceError
from portrait.engine.fomm.compact.dense_motion import DenseMotion
from portrait.engine.fomm.compact.geometry import coordinate_grid
from portrait.engine.fomm.model import MotionModel
from portrait.engine.motion import Motion
from portrait.engine.photo.face import CROP_SIZE
from portrait.engine.photo.reading import Picture
from portrait.engine.style import Painter
from portrait.training.perceptual import Perceptual
from portrait.training.style_losses import content_distance, gram, gram_distance
from portrait.training.styles import CONTENT, TAPS

Frames = NDArray[np.uint8]
# Following a motion backwards: steps of the search, and how near, in pixels, it must have come to count.
STEPS, NEAR = 8, 0.25
BORDER = 8  # pixels in which something new may come into the picture
ALONE, HELD, PAINTED_FIRST = "each frame for itself", "statistics held", "paint-then-animate"


@dataclass(frozen=True)
class Clip:
    """A portrait that moves: uint8 (T, 256, 256, 3), the flow back to its source, (T, h, w, 2) in -1..1, and the
    seconds that it took."""

    frames: Frames
    flow: Tensor
    seconds: float


def still_numbers(
    painter: Painter,
    style: str,
    photos: Sequence[Picture],
    targets: Sequence[Tensor],
    features: Perceptual,
) -> dict[str, float]:
    """Content distance (relu3_3), Gram distance of each of ``TAPS`` and grain, means over uint8 (256, 256, 3) photos.

    ``targets``: the painting's Gram matrices, (C, C) each.
    """
    rows, paintings = [], []
    for photo in photos:
        pictures = np.stack([painter.paint(photo[None], style)[0], photo])
        paintings.append(pictures[0])
        tensor = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
        with torch.no_grad():
            looks = [layer.float() for layer in features.features(tensor)]
        content = content_distance(looks[CONTENT][:1], looks[CONTENT][1:])
        grams = [
            gram_distance(gram(layer[:1]), target[None]) for layer, target in zip(looks, targets, strict=True)
        ]
        rows.append(torch.cat([content, *grams]))
    mean = torch.stack(rows).mean(0).tolist()
    return {**dict(zip(("content", *TAPS), mean, strict=True)), "grain": grain(np.stack(paintings))}


def grain(pictures: Frames) -> float:
    """How much uint8 (N, H, W, 3), sides multiples of four, repeat every fourth pixel: 1 is not at all.

    The network works at a quarter of the size, and what it does alike everywhere shows there as a regular grain: the
    energy at that frequency, across, down and both, beside the median energy of the frequencies around.
    """
    height, width = pictures.shape[1:3]
    grey = pictures.mean(3)
    window = np.hanning(height)[:, None] * np.hanning(width)
    spectrum = np.fft.fft2((grey - grey.mean((1, 2), keepdims=True)) * window)
    energy = (np.abs(spectrum) ** 2).sum(0)
    ratios = []
    for y, x in ((0, width // 4), (height // 4, 0), (height // 4, width // 4)):
        # The window spreads a line over its neighbours; the ring around them is what would be there without it.
        around = np.roll(energy, (8 - y, 8 - x), (0, 1))[:17, :17]
        peak = around[7:10, 7:10].mean()
        around[5:12, 5:12] = np.nan
        ratios.append(peak / max(np.nanmedian(around), 1e-9))
    return float(np.mean(ratios))


def animate(model: MotionModel, source: Picture, motion: Motion, photo: Picture) -> Clip:
    """uint8 (256, 256, 3), ``photo`` or a painting of it, performing ``motion`` as in the pipeline.

    Raises ChoiceError (``unknown_model``) for a model whose flow is not to be had.
    """
    begin = time.monotonic()
    picture, seen = (part.astype(np.float32) / np.float32(255) for part in (source, photo))
    with _recorded(model) as flows:
        frames = np.concatenate(list(model.frames(picture, motion, adapt_scale=True, photo=seen)))
    seconds = time.monotonic() - begin
    return Clip(np.rint(frames * 255).astype(np.uint8), torch.cat(flows), seconds)


@contextmanager
def _recorded(model: MotionModel) -> Iterator[list[Tensor]]:
    """The flows that the model computes meanwhile."""
    dense = [module for module in model.networks.modules() if isinstance(module, DenseMotion)]
    if len(dense) != 1:
        raise ChoiceError("flicker is measured with the compact motion model", code="unknown_model")
    flows: list[Tensor] = []

    def keep(_: object, __: object, made: tuple[Tensor, Tensor]) -> None:
        flows.append(made[0].float().cpu())

    handle = dense[0].register_forward_hook(keep)
    try:
        yield flows
    finally:
        handle.remove()


def flicker(frames: Frames, flow: Tensor) -> float:
    """Mean absolute difference, in grey values of 0..255, of neighbouring frames, each frame moved onto the next.

    ``frames``: uint8 (T, H, W, 3); ``flow``: (T, h, w, 2), of each frame back to the one source. Where a pixel shows
    in the next frame what was in the frame before is found by following both flows to the same place of the source.
    """
    count, height, width, _ = frames.shape
    flow = F.interpolate(flow.permute(0, 3, 1, 2), (height, width), mode="bilinear", align_corners=False)
    pictures = torch.from_numpy(frames).permute(0, 3, 1, 2).float()
    grid = coordinate_grid(height, flow.device)
    errors = []
    for now in range(count - 1):
        before, after = flow[now : now + 1], flow[now + 1 : now + 2].permute(0, 2, 3, 1)
        place = grid[None].clone()  # (1, H, W, 2): where the frame before shows what is here in the next
        for _ in range(STEPS):
            miss = after - _sample(before, place).permute(0, 2, 3, 1)
            place = place + miss
        found = (miss.abs().amax(-1) < NEAR * 2 / width) & (place.abs().amax(-1) < 1 - BORDER * 2 / width)
        change = (_sample(pictures[now : now + 1], place) - pictures[now + 1 : now + 2]).abs().mean(1)
        errors.append(change[found].mean())
    return float(torch.stack(errors).mean())


def _sample(values: Tensor, places: Tensor) -> Tensor:
    return F.grid_sample(values, places, padding_mode="border", align_corners=False)


def moving_numbers(
    painter: Painter, style: str, model: MotionModel, sources: Sequence[Picture], motion: Motion
) -> dict[str, dict[str, float]]:
    """Flicker, and seconds of animating and painting together, by how it is made: means over ``sources``."""
    sums: dict[str, list[tuple[float, float]]] = {"unpainted": [], ALONE: [], HELD: [], PAINTED_FIRST: []}
    for source in sources:
        clip = animate(model, source, motion, source)
        sums["unpainted"].append((flicker(clip.frames, clip.flow), clip.seconds))
        for name in (ALONE, HELD):
            begin = time.monotonic()
            painted = painter.paint(clip.frames, style, frozen_statistics=name == HELD)
            if name == HELD:  # as the product paints
                painted = painter.tones(source, painted[0], style)[painted]
            seconds = time.monotonic() - begin + clip.seconds
            sums[name].append((flicker(painted, clip.flow), seconds))
        begin = time.monotonic()
        painting = painter.paint(source[None], style)[0]
        painting = painter.tones(source, painting, style)[painting]
        moved = animate(model, painting, motion, source)
        sums[PAINTED_FIRST].append((flicker(moved.frames, moved.flow), time.monotonic() - begin))
    return {
        name: dict(zip(("flicker", "seconds"), np.mean(values, axis=0).tolist(), strict=True))
        for name, values in sums.items()
    }


def size_numbers(painter: Painter) -> dict[str, float]:
    """GFLOP (two for each multiply-add) of one frame of 256 pixels, and millions of values."""
    picture = torch.zeros(1, 3, CROP_SIZE, CROP_SIZE, device=painter.device)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        painter.network(picture, 0)
    values = sum(parameter.numel() for parameter in painter.network.parameters())
    return {"gflop": counter.get_total_flops() / 1e9, "millions": values / 1e6}


def mean_over_styles(tables: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The mean of the same numbers of several styles."""
    columns = next(iter(tables.values()))
    return {name: sum(table[name] for table in tables.values()) / len(tables) for name in columns}
