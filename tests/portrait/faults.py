"""Tasks that misbehave, run by real workers in real processes.

A job's ``motion`` names what its task does. As a program, ``python -m tests.portrait.faults KEY=VALUE ...`` is a
worker whose options are read from the command line (JSON values).
"""

from __future__ import annotations

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from portrait.engine.errors import EncodingError, EngineError, NoFaceError
from portrait.engine.output.formats import FORMATS
from portrait.engine.request import PortraitRequest
from portrait.worker.attempt import replace_file
from portrait.worker.messages import (
    AttemptDone,
    AttemptOrder,
    ErrandDone,
    ErrandOrder,
    FitDone,
    FitOrder,
    Progress,
)


def nothing(options: Any) -> None:
    """A loader for children that need no weights."""


def broken(options: Any) -> None:
    """A loader that fails as a damaged checkpoint does."""
    raise ValueError("checkpoints/motion.safetensors: is cut short")


def act(order: AttemptOrder, report: Progress) -> AttemptDone:
    """Do what ``order.request.motion`` says; then make tiny results."""
    kind, _, value = str(order.request.motion).partition(":")
    _log(order)
    if kind.startswith("still"):
        replace_file(order.still_file, b"painted still")
        _sleep(float(value), report)
        if kind == "still-kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "still-no-face":
            raise NoFaceError("no face")
    elif kind == "read":
        replace_file(order.readings_file, b'{"tilt": -7.5}')
        _sleep(float(value or 0), report)
    elif kind == "sleep" or (kind == "sleep-once" and _first_time(order)):
        _sleep(float(value), report)
    elif kind == "hang" or (kind == "hang-once" and _first_time(order)):
        # Deaf to SIGTERM, as a thread deep inside a native library is.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    elif kind == "log":
        logging.getLogger("portrait.engine").warning("a line of the child")
    elif kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "leave":
        os._exit(0)
    elif kind == "kill-once":
        if _first_time(order):
            os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "no-face":
        raise NoFaceError("no face")
    elif kind == "bug":
        raise RuntimeError("a fault of ours")
    elif kind == "disk-full":
        raise OSError(errno.ENOSPC, "No space left on device")
    elif kind == "ffmpeg":
        subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-version"], check=True, capture_output=True)
    elif kind == "memory":
        raise MemoryError
    elif kind == "memory-in-a-library":
        try:
            raise MemoryError
        except MemoryError as error:
            raise EncodingError("the frames cannot be buffered") from error
    elif kind == "memory-in-torch":
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")
    elif kind == "helper":
        # As ffmpeg: ends when the pipe that it is fed from closes.
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as helper:
            (_folder() / "helper").write_text(str(helper.pid))
            _sleep(60, report)
    names = {row.name: f"{row.name}.{row.suffix}" for row in FORMATS}
    for name in names.values():
        (Path(order.folder) / name).write_bytes(f"{name} of job {order.job}".encode())
    made = order.request.or_else(PortraitRequest(style="starry-night"))
    return AttemptDone(names, made, {"act": 0.1})


def fit(order: FitOrder, report: Progress) -> FitDone:
    """Fit a style as its slug says: ``kill-once``, ``hang``, ``unfit``; any other at once."""
    with (_folder() / "fits").open("a") as file:
        file.write(f"{order.slug}\n")
    report("training", 0.5)
    first = (_folder() / "fits").read_text().split().count(order.slug) == 1
    if order.slug == "kill-once" and first:
        os.kill(os.getpid(), signal.SIGKILL)
    if order.slug == "unfit":
        raise EngineError("features are missing", code="fitting_unavailable")
    if order.slug == "hang" and first:
        _sleep(600, report)
    assert Path(order.picture).read_bytes() == b"a painting"
    names = {name: f"{name}.fitted" for name in ("style", "portrait", "preview", "preview_still")}
    for name, file_name in names.items():
        (Path(order.folder) / file_name).write_bytes(f"{name} of {order.slug}".encode())
    return FitDone(names, "digest", {"content": 0.5})


def run(order: ErrandOrder, report: Progress) -> ErrandDone:
    """An errand whose source says what it does, "kill" or "no-face"; else its result is made of the source."""
    source = Path(order.source).read_bytes()
    if source.startswith(b"kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if source.startswith(b"no-face"):
        raise NoFaceError("no face")
    (Path(order.folder) / "result").write_bytes(b'{"udnie": "' + source + b'"}')
    return ErrandDone("result")


def _sleep(seconds: float, report: Progress) -> None:
    begin = time.monotonic()
    while (passed := time.monotonic() - begin) < seconds:
        report("animate", passed / seconds)
        time.sleep(0.05)


def _folder() -> Path:
    """Where the test wants to find what the tasks note."""
    return Path(os.environ["FAULTS_FOLDER"])


def _first_time(order: AttemptOrder) -> bool:
    marker = _folder() / f"{order.job}.once"
    if marker.exists():
        return False
    marker.touch()
    return True


def _log(order: AttemptOrder) -> None:
    """One line for each execution; a single short write to an appended file is atomic."""
    request = order.request
    entry: dict[str, object] = {
        "job": order.job,
        "pid": os.getpid(),
        "strength": request.strength,
        "size": request.size,
        "at": time.time(),
    }
    if order.own_motion:
        entry["own_motion"] = Path(order.own_motion).read_text()
    with (_folder() / "executions").open("a") as file:
        file.write(json.dumps(entry) + "\n")


def _fill_the_disk() -> None:
    """While there is a file ``full`` in the test's folder, nothing can be written durably."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if (_folder() / "full").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    os.fsync = fsync  # type: ignore[assignment]


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from portrait.worker.running import WorkerOptions
    from portrait.worker.supervisor import Worker

    _fill_the_disk()
    here = "tests.portrait.faults"
    options: dict[str, Any] = {
        "task": f"{here}.act",
        "fit_task": f"{here}.fit",
        "errand_task": f"{here}.run",
        "loader": f"{here}.nothing",
    }
    for argument in arguments:
        key, _, value = argument.partition("=")
        options[key] = json.loads(value)
    code = Worker(WorkerOptions(**options)).run()
    assert "torch" not in sys.modules, "the worker's parent imported torch"
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
