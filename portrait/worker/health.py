"""Faults of the machine: what keeps a worker from making any portrait, whichever job it takes.

While there is one the worker takes no jobs. It looks again with growing pauses, and goes on when all is well.
"""

from __future__ import annotations

import logging
import secrets
import subprocess
import time
from pathlib import Path

import imageio_ffmpeg
from django.utils import timezone

from common.storage import media
from portrait import files
from portrait.engine.checkpoints.folder import verify_files
from portrait.engine.errors import CheckpointError
from portrait.engine.options import EngineOptions
from portrait.queue import installation
from portrait.queue.installation import Match
from portrait.worker.messages import AttemptFailed

# Seconds between two looks, doubled each time, until an attempt comes to its end.
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
# More than the files of a portrait take.
PROBE_BYTES = 4 * 2**20
FFMPEG_SECONDS = 20.0
# Ends of an attempt that may be the machine's fault; to tell, the machine is probed.
SUSPECT = {"storage_unavailable", "encoding_failed", "internal_error", "photo_missing"}

logger = logging.getLogger(__name__)


class Health:
    """``fault``: why the worker takes no jobs, in one line; empty while it does. Times are in seconds."""

    def __init__(self, scratch: Path, options: object, first_pause: float = FIRST_PAUSE) -> None:
        self.fault = ""
        self._scratch = scratch
        self._options = options
        self._first_pause = self._pause = first_pause
        self._look_at = 0.0

    def is_to_blame(self, end: AttemptFailed) -> bool:
        """Whether the attempt failed through the machine's fault; the worker pauses then."""
        if end.machine:
            self.blame(end.detail or end.code)
            return True
        if end.code not in SUSPECT:
            return False
        reason = self.probe()
        if reason:
            self.blame(reason)
        return bool(reason)

    def blame(self, reason: str) -> None:
        """Begin a pause, or the next one; a fault is logged once."""
        if reason != self.fault:
            logger.error("no jobs are taken: %s", reason)
        now = time.monotonic()
        # The attempts of several children end through one fault.
        began = not self.fault or now >= self._look_at
        self.fault = reason
        if not began:
            return
        self._look_at = now + self._pause
        self._pause = min(LONGEST_PAUSE, self._pause * 2)

    def allows_jobs(self) -> bool:
        """Whether jobs may be taken; looks whether the fault is over when it is time to."""
        if not self.fault:
            return True
        if time.monotonic() < self._look_at:
            return False
        reason = self.probe()
        if reason:
            self.blame(reason)
            return False
        logger.info("jobs are taken again; the fault was: %s", self.fault)
        self.fault = ""
        return True

    def worked(self) -> None:
        """An attempt came to its end: the next fault begins with the shortest pause."""
        self._pause = self._first_pause

    def probe(self) -> str:
        """What is wrong with the machine, in one line; empty where all that a portrait needs is there."""
        try:
            return self._missing_mark() or self._try_disks() or self._try_ffmpeg() or self._weights()
        except OSError as error:
            return f"the media storage cannot be used: {error}"

    def _missing_mark(self) -> str:
        match = installation.check()
        return match.value if match is Match.MISSING else ""

    def _try_disks(self) -> str:
        data = bytes(PROBE_BYTES)
        probe = self._scratch / "probe"
        try:
            probe.write_bytes(data)
        except OSError as error:
            return f"the folder for temporary files cannot be written to: {error}"
        finally:
            probe.unlink(missing_ok=True)
        # In the trash: if this process is killed now, the file goes with it.
        name = f"{files.TRASH}/{timezone.localdate().isoformat()}/probe-{secrets.token_hex(8)}"
        try:
            media().write(name, data)
        finally:
            media().delete([name])
        return ""

    def _try_ffmpeg(self) -> str:
        try:
            program = imageio_ffmpeg.get_ffmpeg_exe()
            subprocess.run([program, "-version"], check=True, capture_output=True, timeout=FFMPEG_SECONDS)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            return f"ffmpeg cannot be started: {error}"
        return ""

    def _weights(self) -> str:
        if not isinstance(self._options, EngineOptions):
            return ""
        try:
            verify_files(self._options.checkpoints, self._options.weights)
        except CheckpointError as error:
            return error.detail
        return ""
