"""How long each stage of a whole portrait takes in a warm process of its own, and how much memory it needs."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from portrait.engine.options import EngineOptions
from portrait.engine.output.encoders import ClipEncoder
from portrait.engine.output.provenance import with_provenance
from portrait.engine.photo.face import CROP_SIZE, crop_face, find_face
from portrait.engine.photo.reading import Picture, read_photo
from portrait.engine.pipeline import BATCH, Engine
from portrait.tools.benchmark_network import middle, timed


@dataclass(frozen=True)
class JobTimes:
    """Seconds a job for each stage on its own, for all of them at once as a worker does it, and megabytes."""

    stages: dict[str, float]
    whole: float
    frames: int
    peak_mb: float
    loading: float
    motion: str
    order: str

    @property
    def fps(self) -> float:
        """Frames a second, animated and painted."""
        return self.frames / (self.stages["animating"] + self.stages["painting"])


def measure_job(
    options: EngineOptions, photo: bytes, *, style: str, motion: str, order: str, threads: int, runs: int
) -> JobTimes:
    """Make ``photo``'s portrait in a fresh process: once to warm it, once stage by stage, ``runs`` times as a whole.

    A process of its own, because the peak of memory is counted for as long as a process lives. Raises EngineError.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(
            _measure, replace(options, threads=threads), photo, style, motion, order, runs
        ).result()


def _measure(
    options: EngineOptions, photo: bytes, style: str, motion: str, order: str, runs: int
) -> JobTimes:
    engine, loading = timed(lambda: Engine(options))
    engine.make_portrait(photo, style, motion, order)
    seconds: dict[str, float] = {}

    picture, seconds["reading"] = timed(lambda: read_photo(photo))
    source, seconds["face"] = timed(
        lambda: crop_face(
            picture, find_face(picture, checkpoints=options.checkpoints, device=engine.device), CROP_SIZE
        )
    )
    performance = engine.performance(motion)
    image = source.astype(np.float32) / np.float32(255)
    frames, seconds["animating"] = timed(
        lambda: np.concatenate(
            [
                np.rint(part * 255).astype(np.uint8)
                for part in engine.model.frames(image, performance, adapt_scale=True)
            ]
        )
    )

    def paint() -> list[Picture]:
        painter = engine.painter.freeze_statistics(frames, style)
        return [painter.paint(frames[start : start + BATCH]) for start in range(0, len(frames), BATCH)]

    painted, seconds["painting"] = timed(paint)
    start = time.perf_counter()
    with ClipEncoder(
        fps=performance.fps,
        width=CROP_SIZE,
        height=CROP_SIZE,
        scratch=options.scratch,
        threads=max(1, torch.get_num_threads() // 2),
    ) as encoder:
        for batch in painted:
            encoder.write(batch)
        clip = encoder.finish()
    for kind in ("webp", "gif", "mp4", "poster"):
        with_provenance(getattr(clip, kind))
    seconds["encoding"] = time.perf_counter() - start

    _files, whole = middle(lambda: engine.make_portrait(photo, style, motion, order), runs)
    return JobTimes(
        stages=seconds,
        whole=whole,
        frames=len(frames),
        peak_mb=peak_megabytes(),
        loading=loading,
        motion=motion,
        order=order,
    )


def peak_megabytes() -> float:
    """The most memory that this process has had in RAM. Linux only: nan elsewhere.

    Not ``getrusage``, whose peak survives exec and is then that of the process which started this one.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return float("nan")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
