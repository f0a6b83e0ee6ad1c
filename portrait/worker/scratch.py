"""The folder for a worker's temporary files, and what attempts leave there."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from portrait.worker.messages import Order, progress_file

LOCK = "lock"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChildReport:
    """What a child last reported about its attempt."""

    pid: int
    stage: str
    progress: float


class Scratch:
    """A folder that lives as long as its worker: removed at the end, or by the next worker after a hard death.

    The worker holds a lock on a file in it. The system drops the lock when the process ends, however it ends, which
    a process id written to a file could not tell (ids are used again, and start from 1 after a reboot).
    """

    def __init__(self) -> None:
        self._folders = 0
        base = Path(tempfile.gettempdir()) / f"portrait-workers-{os.getuid()}"
        base.mkdir(mode=0o700, exist_ok=True)
        if base.is_symlink() or base.stat().st_uid != os.getuid():
            raise PermissionError(f"{base} belongs to another user")
        with (base / LOCK).open("w") as everybody:
            # Held for a moment, so that no folder is taken for a dead one before it is locked.
            fcntl.flock(everybody, fcntl.LOCK_EX)
            for folder in base.iterdir():
                if folder.is_dir() and _is_abandoned(folder):
                    logger.info("removing what a dead worker left in %s", folder)
                    shutil.rmtree(folder, ignore_errors=True)
            self.path = Path(tempfile.mkdtemp(prefix="worker-", dir=base))
            self._lock = self._locked()

    def mend(self) -> None:
        """Make the folder and its lock again where a cleaner of temporary files removed them. Raises OSError."""
        if not (self.path / LOCK).exists():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.close()
            self._lock = self._locked()

    def _locked(self) -> IO[str]:
        lock = (self.path / LOCK).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock

    def new_folder(self) -> Path:
        """An empty folder for one attempt. Raises OSError."""
        self._folders += 1
        folder = self.path / f"attempt-{self._folders}"
        folder.mkdir()
        return folder

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def _is_abandoned(folder: Path) -> bool:
    try:
        with (folder / LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except FileNotFoundError:
        return True
    except OSError:
        return False


def report_of(order: Order) -> ChildReport | None:
    """What the child reported last; None before its first report."""
    try:
        report = json.loads(progress_file(order).read_text(encoding="utf-8"))
        return ChildReport(int(report["pid"]), str(report["stage"]), float(report["progress"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def remove_folder(order: Order) -> None:
    """Remove an attempt's folder."""
    with contextlib.suppress(OSError):
        shutil.rmtree(order.folder)
