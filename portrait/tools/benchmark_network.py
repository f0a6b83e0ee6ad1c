"""Benchmark of the motion model: the engine and the plain loop on the same weights in the same run."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from portrait.engine.fomm import MotionModel
from portrait.engine.fomm.animation import relative_motion
from portrait.engine.fomm.config import Section, read_config
from portrait.engine.fomm.load import build_networks, load_checkpoint, run_networks
from portrait.engine.fomm.published.model import PublishedModel
from portrait.engine.motion.template import Motion
from portrait.engine.runtime.allocator import keep_freed_memory
from portrait.engine.runtime.precision import choose_device, choose_dtype

FPS = 25.0
SIZES = {"vox-256": Path(__file__).parents[1] / "engine" / "fomm" / "vox-256.yaml"}
# The plain loop is slow, and each of its frames takes the same time.
PLAIN_FRAMES = 8

Frames = NDArray[np.float32]
T = TypeVar("T")


@dataclass(frozen=True)
class MotionTimes:
    """Milliseconds of the motion model, and the accuracy of its fast frames."""

    plain: float  # a frame, of the plain loop
    fast: float  # a frame, of the engine, including the frame's part of ``source``
    source: float  # a job, for the source's keypoints and encoding
    psnr: float  # dB, peak signal-to-noise ratio of the fast frames to the plain ones
    frames: int
    precision: str

    @property
    def ratio(self) -> float:
        return self.plain / self.fast


def measure_motion(
    picture: NDArray[np.uint8],
    config_path: Path,
    checkpoint: Path | None,
    *,
    frames: int,
    device: str = "auto",
    precision: str = "auto",
    batch_size: int | None = None,
    runs: int = 1,
) -> MotionTimes:
    """Animate ``picture``, uint8 (256, 256, 3), with the plain loop and with the engine.

    The plain loop works as the published demonstration: one frame at a time, float32, the source encoded again and
    driver keypoints detected for every frame, batch normalization not folded, the system's memory allocator. The
    engine gets the same driving keypoints as a motion template. ``checkpoint``: None for random weights, whose batch
    normalization is calibrated on the picture, so that the signal does not vanish.

    Raises CheckpointError and ChoiceError as ``load_model`` does.
    """
    torch_device = choose_device(device)
    dtype = choose_dtype(precision, torch_device)
    config = read_config(config_path)
    networks = build_networks(config)
    source = picture.astype(np.float32) / np.float32(255)
    driving = swaying_video(source, frames)
    if checkpoint is None:
        initialize_random_weights(networks, config, source, driving[:PLAIN_FRAMES])
    else:
        load_checkpoint(networks, checkpoint)
    plain = run_networks(copy.deepcopy(networks), config, torch_device, torch.float32, plain=True)
    first = min(PLAIN_FRAMES, frames)
    plain_frames(plain, source, driving[:1])  # warm-up
    reference, seconds = median_timed(lambda: plain_frames(plain, source, driving[:first]), runs)
    motion = motion_template(plain, driving)

    keep_freed_memory()
    fast = run_networks(networks, config, torch_device, dtype)
    if precision == "auto" and isinstance(fast, PublishedModel):
        fast.allow_int8()
    fast.animate(source, motion, batch_size=batch_size)
    made, fast_seconds = median_timed(lambda: fast.animate(source, motion, batch_size=batch_size), runs)
    _encoded, source_seconds = median_timed(lambda: source_encoded(fast, source), runs)
    in_bytes = isinstance(fast, PublishedModel) and fast.int8_allowed
    return MotionTimes(
        source=source_seconds * 1e3,
        plain=seconds / first * 1e3,
        fast=fast_seconds / frames * 1e3,
        psnr=psnr(made[:first], reference),
        frames=frames,
        precision=str(dtype).removeprefix("torch.") + (" and bytes" if in_bytes else ""),
    )


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """The result of ``work``, and the seconds that it took."""
    start = time.perf_counter()
    result = work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return result, time.perf_counter() - start


def median_timed(work: Callable[[], T], runs: int) -> tuple[T, float]:
    """The result of ``work``, and the median of its seconds over ``runs`` calls."""
    results = [timed(work) for _ in range(runs)]
    return results[0][0], statistics.median(seconds for _, seconds in results)


def source_encoded(model: MotionModel, source: Frames) -> object:
    """What a model computes once a job: the source's keypoints and features."""
    with torch.inference_mode():
        picture = torch.from_numpy(source).permute(2, 0, 1)[None].to(model.device)
        return model._encode(picture, model._detect(picture))


def plain_frames(model: MotionModel, source: Frames, driving: Frames) -> Frames:
    """The plain loop over (T, H, W, 3), on a model with ``plain`` networks."""
    picture, *images = (
        torch.from_numpy(frame).permute(2, 0, 1)[None].to(model.device) for frame in (source, *driving)
    )
    first, made = None, []
    with torch.inference_mode():
        own = model._detect(picture)
        for image in images:
            driver = model._detect(image)
            first = first or driver
            frame = model._render(model._encode(picture, own), relative_motion(own, driver, first))
            made.append(frame.permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(made)


def motion_template(model: MotionModel, driving: Frames) -> Motion:
    """The keypoints of a video as a motion template."""
    keypoints = model.keypoints(driving.transpose(0, 3, 1, 2))
    jacobian = None if keypoints.jacobian is None else keypoints.jacobian.cpu().numpy()
    return Motion("benchmark", keypoints.value.cpu().numpy(), jacobian, FPS, model.keypoint_set)


def swaying_video(source: Frames, frames: int) -> Frames:
    """A driving video, (T, H, W, 3): the picture moved and rotated by a few pixels and degrees."""
    images = torch.from_numpy(source).permute(2, 0, 1).expand(frames, -1, -1, -1)
    phase = torch.arange(frames) * (2 * torch.pi / frames)
    angle, x, y = 0.05 * torch.sin(phase), 0.04 * torch.sin(2 * phase), 0.02 * torch.cos(phase) - 0.02
    rows = [torch.cos(angle), -torch.sin(angle), x, torch.sin(angle), torch.cos(angle), y]
    grid = nn.functional.affine_grid(
        torch.stack(rows, -1).reshape(-1, 2, 3), list(images.shape), align_corners=False
    )
    moved = nn.functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    result: Frames = moved.permute(0, 2, 3, 1).contiguous().numpy()
    return result


def initialize_random_weights(
    networks: nn.ModuleDict, config: Section, source: Frames, driving: Frames
) -> None:
    """Initialize random weights: identity Jacobians, as in training, and batch normalization with the statistics
    of these frames, so that each layer's output has unit scale."""
    torch.manual_seed(0)
    for module in networks.modules():
        if isinstance(module, nn.Conv2d):
            module.reset_parameters()
    jacobian = networks["kp_detector"].jacobian
    if isinstance(jacobian, nn.Conv2d):
        nn.init.zeros_(jacobian.weight)
        with torch.no_grad():
            jacobian.bias = nn.Parameter(torch.eye(2).flatten().repeat(jacobian.out_channels // 4))
    norms = [module for module in networks.modules() if isinstance(module, nn.BatchNorm2d)]
    model = run_networks(networks, config, torch.device("cpu"), torch.float32, plain=True)
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all frames
        norm.train()
    plain_frames(model, source, driving)
    networks.eval()


def psnr(a: Frames, b: Frames) -> float:
    """Peak signal-to-noise ratio in dB of arrays in 0..1."""
    return float(-10 * np.log10(max(float(np.mean((a.astype(np.float64) - b) ** 2)), 1e-20)))
