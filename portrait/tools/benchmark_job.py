"""Benchmark of a whole portrait in a warm process: time of each stage, and peak memory."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import torch

from portrait.engine.options import EngineOptions
from portrait.engine.output.ai_mark import stamp
from portrait.engine.output.encoders import ClipEncoder
from portrait.engine.output.provenance import with_provenance
from portrait.engine.photo.crop import crop_face
from portrait.engine.photo.decoding import read_photo
from portrait.engine.photo.face_detection import find_face
from portrait.engine.pipeline import Engine
from portrait.engine.request import PortraitRequest
from portrait.tools.benchmark_network import median_timed, timed


@dataclass(frozen=True)
class JobTimes:
    """Times in seconds."""

    stages: dict[str, float]  # of each stage alone
    whole: float  # of a job, whose stages overlap
    still: float  # from the start of a job until its painted still is there
    frames: int
    size: int  # side of the frames in pixels
    peak_mb: float
    loading: float  # of the weights
    motion: str
    order: str

    @property
    def fps(self) -> float:
        """Frames a second, without the still and the encoding."""
        return self.frames / self.stages["animating"]


def measure_job(
    options: EngineOptions,
    photo: bytes,
    *,
    style: str,
    motion: str,
    order: str,
    size: int,
    threads: int,
    runs: int,
) -> JobTimes:
    """Make a portrait of ``photo`` in a new process: once to warm up, once stage by stage, ``runs`` times whole.

    The process is new because peak memory is counted over a process's life. Raises EngineError.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(
            _measure, replace(options, threads=threads), photo, style, motion, order, size, runs
        ).result()


def _measure(
    options: EngineOptions, photo: bytes, style: str, motion: str, order: str, size: int, runs: int
) -> JobTimes:
    engine, loading = timed(lambda: Engine(options))
    request = PortraitRequest(style=style, motion=motion, order=order, size=size)
    engine.make_portrait(photo, request)
    seconds: dict[str, float] = {}

    picture, seconds["reading"] = timed(lambda: read_photo(photo))
    subject, seconds["face"] = timed(
        lambda: engine.subject(
            crop_face(
                picture, find_face(picture, checkpoints=options.checkpoints, device=engine.device), size
            )
        )
    )
    template = engine.motion(motion)
    painted, seconds["painting"] = timed(lambda: engine.painted(subject, style))
    frames, seconds["animating"] = timed(lambda: list(engine.frames(painted, template, order)))
    start = time.perf_counter()
    with ClipEncoder(
        fps=template.fps,
        width=size,
        height=size,
        scratch=options.scratch,
        threads=max(1, torch.get_num_threads() // 2),
    ) as encoder:
        for frame in frames:
            encoder.write(stamp(frame[None]) if options.ai_mark else frame[None])
        clip = encoder.finish()
    for data in clip.files.values():
        with_provenance(data)
    seconds["encoding"] = time.perf_counter() - start

    stills: list[float] = []

    def whole_job() -> None:
        begun = time.perf_counter()
        engine.make_portrait(photo, request, on_still=lambda _: stills.append(time.perf_counter() - begun))

    _none, whole = median_timed(whole_job, runs)
    return JobTimes(
        stages=seconds,
        whole=whole,
        still=median(stills),
        frames=clip.frames,
        size=size,
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
