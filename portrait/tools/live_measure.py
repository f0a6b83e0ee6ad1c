"""Measures live portraits: bytes, seconds, and how far the blended fields are from the computed displacements."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.moments import evaluated
from portrait.engine.canvas.subject import PaintedSubject
from portrait.engine.fomm.model import MotionModel
from portrait.engine.live.fields import Fields, blended
from portrait.engine.live.file import live_file
from portrait.engine.live.making import live_portrait
from portrait.engine.live.poses import Amplitudes, posed

# The side of the picture, in pixels, in which an error is told.
SIDE = 256


@dataclass(frozen=True)
class Measured:
    """``seconds``: by the clock and of the processor, beyond those of the film.

    ``errors``: by kind of amplitudes, the mean and the 95th percentile of the distances from the computed
    displacements on the person, in pixels of 256.
    """

    seconds: tuple[float, float]
    bytes: int
    patches: int
    errors: dict[str, tuple[float, float]]


def random_amplitudes(draw: np.random.Generator, count: int, *, together: bool) -> list[Amplitudes]:
    """All motions at once, each anywhere in its range; or a look alone."""
    chosen = []
    for _ in range(count):
        right, down, tilt = draw.uniform(-1, 1, 3)
        nod, breath, smile, opened, lids = draw.uniform(0, 1, 5)
        if not together:
            chosen.append(Amplitudes(right, down))
            continue
        winks = bool(draw.random() < 0.3)
        chosen.append(
            Amplitudes(
                right, down, nod, tilt, breath, smile, opened, 0 if winks else lids, lids if winks else 0
            )
        )
    return chosen


def measure_live(model: MotionModel, painted: PaintedSubject, *, count: int, seed: int) -> Measured:
    """Make a live portrait and compare ``count`` random amplitudes of each kind with the motion model."""
    begun = time.perf_counter(), time.process_time()
    live = live_portrait(model, painted)
    data = live_file(live, style="", seed=0, marked=True)
    seconds = time.perf_counter() - begun[0], time.process_time() - begun[1]
    draw = np.random.default_rng(seed)
    errors = {}
    for kind in ("look", "all"):
        amplitudes = random_amplitudes(draw, count, together=kind == "all")
        errors[kind] = _error(model, painted, live.fields, amplitudes)
    return Measured(seconds, len(data), len(live.patches), errors)


def _error(
    model: MotionModel, painted: PaintedSubject, fields: Fields, amplitudes: Sequence[Amplitudes]
) -> tuple[float, float]:
    subject = painted.subject
    moments = evaluated(model, subject, posed(amplitudes), subject.photo)
    next(moments)  # at rest
    distances: list[NDArray[np.float32]] = []
    for moment, each in zip(moments, amplitudes, strict=True):
        size = moment.displacement.shape[1::-1]
        own = cv2.resize(blended(fields, each), size, interpolation=cv2.INTER_LINEAR)
        person = cv2.resize(subject.matte, size, interpolation=cv2.INTER_AREA) > 0.5
        distances.append(np.linalg.norm(own - moment.displacement, axis=2)[person] * SIDE)
    every = np.concatenate(distances)
    return float(every.mean()), float(np.quantile(every, 0.95))
