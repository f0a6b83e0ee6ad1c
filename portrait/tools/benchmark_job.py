"""Benchmark of a whole portrait in a warm process: time of each stage, and peak memory."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from portrait.engine.options import EngineOptions
from portrait.engine.output.ai_mark import stamp
from portrait.engine.output.encoders import ClipEncoder
from portrait.engine.output.provenance import with_provenance
from portrait.engine.photo.crop import CROP_SIZE, crop_face
from portrait.engine.photo.decoding import read_photo
from portrait.engine.photo.face_detection import find_face
from portrait.engine.pipeline import Engine
from portrait.engine.request import PAINT_THEN_ANIMATE, PortraitRequest
from portrait.tools.benchmark_network import median_timed, timed


@dataclass(frozen=True)
class JobTimes:
    """Times in seconds."""

    stages: dict[str, float]  # of each stage alone
    whole: float  # of a job, whose stages overlap
    frames: int
    peak_mb: float
    loading: float  # of the weights
    motion: str
    order: str

    @property
    def fps(self) -> float:
        """Frames a second of animating and painting."""
        return self.frames / (self.stages["animating"] + self.stages["painting"])


def measure_job(
    options: EngineOptions, photo: bytes, *, style: str, motion: str, order: str, threads: int, runs: int
) -> JobTimes:
    """Make a portrait of ``photo`` in a new process: once to warm up, once stage by stage, ``runs`` times whole.

    The process is new because peak memory is counted over a process's life. Raises EngineError.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(
            _measure, replace(options, threads=threads), photo, style, motion, order, runs
        ).result()


def _measure(
    options: EngineOptions, photo: bytes, style: str, motion: str, order: str, runs: int
) -> JobTimes:
    engine, loading = timed(lambda: Engine(options))
    request = PortraitRequest(style=style, motion=motion, order=order)
    engine.make_portrait(photo, request)
    seconds: dict[str, float] = {}

    picture, seconds["reading"] = timed(lambda: read_photo(photo))
    source, seconds["face"] = timed(
        lambda: crop_face(
            picture, find_face(picture, checkpoints=options.checkpoints, device=engine.device), CROP_SIZE
        )
    )
    template = engine.motion(motion)
    if order == PAINT_THEN_ANIMATE:
        painting, seconds["painting"] = timed(lambda: engine.paint_still(source, style))
        batches, seconds["animating"] = timed(lambda: list(engine.animate(painting, template, photo=source)))
    else:
        frames, seconds["animating"] = timed(lambda: np.concatenate(list(engine.animate(source, template))))
        batches, seconds["painting"] = timed(lambda: list(engine.paint(frames, style, photo=source)))
    start = time.perf_counter()
    with ClipEncoder(
        fps=template.fps,
        width=CROP_SIZE,
        height=CROP_SIZE,
        scratch=options.scratch,
        threads=max(1, torch.get_num_threads() // 2),
    ) as encoder:
        for batch in batches:
            encoder.write(stamp(batch) if options.ai_mark else batch)
        clip = encoder.finish()
    for data in clip.files.values():
        with_provenance(data)
    seconds["encoding"] = time.perf_counter() - start

    _files, whole = median_timed(lambda: engine.make_portrait(photo, request), runs)
    return JobTimes(
        stages=seconds,
        whole=whole,
        frames=clip.frames,
        peak_mb=peak_megabytes(),
        loading=loading,
        motion=motion,
        order=order,
    )


def peak_megabytes() -> float:
    """Peak resident memory of this process. Linux only: nan elsewhere.

    ``getrusage`` is not used: its peak is kept across exec and includes the parent process's.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return float("nan")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
