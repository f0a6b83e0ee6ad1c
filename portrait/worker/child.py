"""A child of the worker's pool: its start-up, before the first attempt."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

from portrait.worker.attempt import replace_file, resolve
from portrait.worker.messages import ChildSettings

# A child that cannot start reports why and waits, because the pool would start the next one at once.
FAILED_START_PAUSE = 5.0

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def start_child(child: ChildSettings) -> None:
    """The pool's initializer: end with the parent, set the threads, load the weights, report ready."""
    threading.Thread(target=_end_with, args=(child.parent,), name="end-with-parent", daemon=True).start()
    for variable in _THREAD_VARIABLES:
        os.environ[variable] = str(child.threads)
    # What the engine or ffmpeg put into temporary files goes when the worker's scratch folder goes.
    tempfile.tempdir = child.scratch
    os.environ["TMPDIR"] = child.scratch
    try:
        resolve(child.loader)(child.options)
    except BaseException as error:
        replace_file(Path(child.scratch) / "fault", _one_line(error))
        time.sleep(FAILED_START_PAUSE)
        raise
    replace_file(Path(child.scratch) / f"{os.getpid()}.ready", "")


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.3)
    # Not sys.exit: the main thread may be deep inside a computation. ffmpeg ends when the pipe to it closes.
    os._exit(1)


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]
