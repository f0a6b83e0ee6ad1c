"""A child of the worker's pool: its start-up, before the first attempt."""

from __future__ import annotations

import contextlib
import logging.config
import os
import tempfile
import threading
import time
from pathlib import Path

from portrait.worker.attempt import replace_file, resolve
from portrait.worker.messages import ChildSettings

FAULT = "fault"
# A child that cannot start reports why and waits, because the pool would start the next one at once. Seconds, doubled
# with each failure in a row.
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def start_child(child: ChildSettings) -> None:
    """The pool's initializer: end with the parent, set the threads, load the weights, report ready."""
    if child.logging is not None:
        logging.config.dictConfig(dict(child.logging))
    scratch = Path(child.scratch)
    ready = threading.Event()
    threading.Thread(
        target=_watch, args=(child.parent, scratch, ready), name="end-with-parent", daemon=True
    ).start()
    set_up_process(child.scratch, child.threads)
    try:
        resolve(child.loader)(child.options)
    except BaseException as error:
        time.sleep(_note_fault(scratch / FAULT, error))
        raise
    ready.set()
    _say_ready(scratch)


def set_up_process(scratch: str, threads: int) -> None:
    """Before the weights are loaded: the threads of the libraries, and where temporary files go."""
    for variable in _THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    # What the engine or ffmpeg put into temporary files goes when the worker's scratch folder goes.
    tempfile.tempdir = scratch
    os.environ["TMPDIR"] = scratch


def read_fault(file: Path) -> tuple[str, int]:
    """Why children could not start, in one line, and how often in a row; ``("", 0)`` where they can."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return "", 0
    count, _, reason = text.partition(" ")
    return (reason, int(count)) if count.isdecimal() else ("", 0)


def _note_fault(file: Path, error: BaseException) -> float:
    """Tell the parent, and return how many seconds to wait before the pool may start the next child."""
    count = read_fault(file)[1] + 1
    # A full disk must not lead to the next start at once.
    with contextlib.suppress(OSError):
        replace_file(file, f"{count} {one_line(error)}".encode())
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(count - 1, 16)))


def _watch(parent: int, scratch: Path, ready: threading.Event) -> None:
    """End with the parent, and keep telling it that this child lives: cleaners remove old temporary files."""
    while os.getppid() == parent:
        time.sleep(0.3)
        if ready.is_set():
            _say_ready(scratch)
    # Not sys.exit: the main thread may be deep inside a computation. ffmpeg ends when the pipe to it closes.
    os._exit(1)


def _say_ready(scratch: Path) -> None:
    with contextlib.suppress(OSError):
        (scratch / f"{os.getpid()}.ready").touch()


def one_line(error: BaseException) -> str:
    """The error for a log or an admin."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]
