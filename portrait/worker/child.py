"""What runs inside a child of the worker's pool. A child computes and writes to its scratch folder, nothing else.

This module is imported by both sides and imports neither Django nor torch: the engine is loaded by
:func:`start_child`, once for each child. Work is named by dotted path, so that the pool knows nothing of the engine.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from portrait.engine.errors import CheckpointError, EncodingError, EngineError, NoFaceError
from portrait.engine.output.formats import FORMATS
from portrait.engine.photo.face import FaceBox, s3fd_weights
from portrait.engine.request import PortraitRequest

# (stage, fraction of the whole job from 0 to 1)
Progress = Callable[[str, float], None]

# A child that cannot start says so and waits, because the pool would start the next one at once.
FAILED_START_PAUSE = 5.0
# Kept below the size up to which a write to a pipe is atomic, so that a child killed in the middle of telling
# its result cannot leave half a message behind.
LONGEST_LOG = 2500

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
# The disk's faults, which a later attempt may not meet.
_STORAGE_ERRNO = {errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO, errno.EACCES, errno.EPERM}


@dataclass(frozen=True)
class ChildSettings:
    """What a child needs to know before its first job."""

    scratch: str
    parent: int  # process id; a child does not outlive it
    threads: int
    loader: str  # dotted path of a function(options) that loads the weights and may be called again for free
    options: Any = None


@dataclass(frozen=True)
class TaskOrder:
    """One attempt at one job. ``folder`` is empty and the child's own; the results go there."""

    job: int
    photo: str
    request: PortraitRequest
    folder: str
    # The job's column: None where no search was made, {} where it found no face.
    face: dict[str, Any] | None = None
    options: Any = None

    @property
    def progress_file(self) -> Path:
        return Path(self.folder) / "progress.json"


@dataclass(frozen=True)
class TaskDone:
    """The results lie in the order's folder under these file names, by job field."""

    files: Mapping[str, str]
    request: PortraitRequest  # with what was drawn
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskFailed:
    """``final``: another attempt would end in the same way. ``log`` is for the log, never for the student."""

    code: str
    detail: str = ""
    final: bool = False
    log: str = ""


Task = Callable[[TaskOrder, Progress], TaskDone]


@lru_cache(maxsize=1)
def load_engine(options: Any) -> Any:
    """The engine with its weights in memory; the child's first call pays, the others find it there."""
    from portrait.engine.pipeline import Engine

    return Engine(options)


def resolve(path: str) -> Any:
    """The function at a dotted path. Raises ImportError or AttributeError."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def start_child(child: ChildSettings) -> None:
    """The pool's initializer: follow the parent into death, set the threads, load the weights, report ready."""
    threading.Thread(target=_follow, args=(child.parent,), name="follow-parent", daemon=True).start()
    for variable in _THREAD_VARIABLES:
        os.environ[variable] = str(child.threads)
    # What the engine or ffmpeg put into temporary files goes when the worker's scratch folder goes.
    tempfile.tempdir = child.scratch
    os.environ["TMPDIR"] = child.scratch
    try:
        resolve(child.loader)(child.options)
    except BaseException as error:
        _replace(Path(child.scratch) / "fault", _one_line(error))
        time.sleep(FAILED_START_PAUSE)
        raise
    _replace(Path(child.scratch) / f"{os.getpid()}.ready", "")


def run(task: str, order: TaskOrder) -> TaskDone | TaskFailed:
    """Run one attempt; never raises, so that the answer can always be told to the parent."""
    report = Report(order.progress_file)
    report("starting", 0.0)
    try:
        function: Task = resolve(task)
        return function(order, report)
    except EngineError as error:
        # A checkpoint is repaired by an admin and an encoder may have been short of memory; a photo stays as it is.
        transient = isinstance(error, CheckpointError | EncodingError)
        return TaskFailed(error.code, error.detail[:500], not transient, "" if not transient else _trace())
    except MemoryError:
        return TaskFailed("out_of_memory", log=_trace())
    except OSError as error:
        code = "storage_unavailable" if error.errno in _STORAGE_ERRNO else "internal_error"
        return TaskFailed(code, log=_trace())
    except Exception:
        return TaskFailed("internal_error", log=_trace())


def make_portrait(order: TaskOrder, report: Progress) -> TaskDone:
    """The real work: the engine's files, written to the order's folder."""
    engine = load_engine(order.options)
    if order.face == {} and s3fd_weights(engine.options.checkpoints) is None:
        # The upload searched with the same detector.
        raise NoFaceError("No face was found in the picture.")
    files = engine.make_portrait(
        Path(order.photo).read_bytes(),
        order.request,
        report,
        face=FaceBox(**order.face) if order.face else None,
    )
    names = {row.name: f"{row.name}.{row.suffix}" for row in FORMATS}
    for name, file in names.items():
        (Path(order.folder) / file).write_bytes(files.contents[name])
    return TaskDone(names, files.request, dict(files.timings))


class Report:
    """The progress callback: one small file, replaced as a whole, which the parent reads when it likes.

    A file and not a queue, because a child that is killed while it holds a queue's lock would take the parent along.
    """

    interval = 0.2

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stage = ""
        self.written = 0.0

    def __call__(self, stage: str, fraction: float) -> None:
        now = time.monotonic()
        if stage == self.stage and now - self.written < self.interval:
            return
        self.stage, self.written = stage, now
        _replace(self.path, json.dumps({"pid": os.getpid(), "stage": stage, "progress": fraction}))


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.3)
    # Not sys.exit: the main thread may be deep inside a computation. ffmpeg ends when the pipe to it closes.
    os._exit(1)


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]


def _trace() -> str:
    return traceback.format_exc()[-LONGEST_LOG:]
