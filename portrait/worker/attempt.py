"""One attempt at one job, wherever it runs: from the photo's bytes to files in a folder of its own.

An attempt computes and writes to its folder, nothing else; the caller owns the database and the storage. Imports
neither Django nor torch: the engine is loaded by :func:`load_engine`.
"""

from __future__ import annotations

import importlib
import json
import os
import time
import traceback
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from common.logs.context import bound
from portrait.engine.checkpoints.folder import verify_files
from portrait.engine.errors import EncodingError, EngineError, NoFaceError
from portrait.engine.motion.template import read_motion
from portrait.engine.output.formats import FORMATS
from portrait.engine.photo.choice import LARGEST
from portrait.engine.photo.crop import FaceBox
from portrait.engine.photo.face_detection import s3fd_weights
from portrait.worker.faults import chain_of, is_of_the_storage, is_out_of_memory, is_the_machines
from portrait.worker.messages import (
    AttemptCancelled,
    AttemptDone,
    AttemptFailed,
    AttemptOrder,
    Done,
    Order,
    Progress,
    Task,
    cancel_file,
    progress_file,
)

# Kept below the size up to which a write to a pipe is atomic, so that a child killed in the middle of sending
# its result cannot leave half a message behind.
LONGEST_LOG = 2500


@lru_cache(maxsize=1)
def load_engine(options: Any) -> Any:
    """The engine with its weights in memory; the process's first call takes seconds, later ones none.

    Raises CheckpointError for weights that are missing or not those of SHA256SUMS.
    """
    # Before torch is imported: a fault of the weights is found at once.
    verify_files(options.checkpoints, options.weights)
    from portrait.engine.pipeline import Engine

    return Engine(options)


def resolve(path: str) -> Any:
    """The function at a dotted path. Raises ImportError or AttributeError."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def run(task: str, order: Order) -> Done | AttemptFailed:
    """Run one attempt; never raises, so that the answer can always be told to the parent."""
    with bound(**order.log_fields):
        try:
            report = Report(order)
            report("starting", 0.0)
            function: Task = resolve(task)
            return function(order, report)
        except Exception as error:
            return failure_of(error)


def failure_of(error: Exception) -> AttemptFailed:
    """What is told to the parent of an attempt that ended with ``error``, which is being handled."""
    if any(isinstance(one, AttemptCancelled) for one in chain_of(error)):
        return AttemptFailed("cancelled", final=True)
    if is_out_of_memory(error):
        return AttemptFailed("out_of_memory", log=_trace())
    if isinstance(error, EngineError):
        machine = is_the_machines(error)
        # An encoder may have been short of something; a photo stays as it is.
        transient = machine or isinstance(error, EncodingError)
        log = _trace() if transient else ""
        return AttemptFailed(error.code, error.detail[:500], not transient, log, machine)
    if is_of_the_storage(error):
        return AttemptFailed(
            "storage_unavailable", str(error)[:500], log=_trace(), machine=is_the_machines(error)
        )
    return AttemptFailed("internal_error", log=_trace())


def make_portrait(order: AttemptOrder, report: Progress) -> AttemptDone:
    """The real work: the engine's files, written to the order's folder."""
    engine = load_engine(order.options)
    if order.own_style:
        engine.learn(Path(order.own_style).read_bytes())
    if order.face == {} and s3fd_weights(engine.options.checkpoints) is None:
        # The upload searched with the same detector.
        raise NoFaceError("No face was found in the picture.")
    files = engine.make_portrait(
        Path(order.photo).read_bytes(),
        order.request,
        report,
        face=FaceBox(**order.face) if order.face else LARGEST,
        own_motion=read_motion(Path(order.own_motion)) if order.own_motion else None,
        on_still=lambda poster: replace_file(order.still_file, poster),
        on_readings=partial(_keep_readings, order.readings_file) if order.look else None,
    )
    names = {row.name: row.file_name("portrait") for row in FORMATS if row.name in files.contents}
    for name, file in names.items():
        (Path(order.folder) / file).write_bytes(files.contents[name])
    return AttemptDone(names, files.request, dict(files.timings))


def _keep_readings(file: Path, readings: Any) -> None:
    replace_file(file, json.dumps(readings.to_json()).encode())


class Report:
    """The progress callback: one small file, replaced as a whole, which the parent reads when it likes.

    A file and not a queue, because a child that is killed while it holds a queue's lock would take the parent along.
    """

    interval = 0.2

    def __init__(self, order: Order) -> None:
        self.path = progress_file(order)
        self.cancel_file = cancel_file(order)
        self.stage = ""
        self.written = 0.0

    def __call__(self, stage: str, fraction: float) -> None:
        """Raises AttemptCancelled, and OSError where the report cannot be written."""
        if self.cancel_file.exists():
            raise AttemptCancelled
        now = time.monotonic()
        if stage == self.stage and now - self.written < self.interval:
            return
        self.stage, self.written = stage, now
        report = {"pid": os.getpid(), "stage": stage, "progress": fraction}
        replace_file(self.path, json.dumps(report).encode())


def replace_file(path: Path, data: bytes) -> None:
    """Write the whole file or none of it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(path)


def _trace() -> str:
    return traceback.format_exc()[-LONGEST_LOG:]
