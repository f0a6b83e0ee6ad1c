"""What the parent and the children of one Celery worker have in common."""

from __future__ import annotations

import mmap
import secrets


class Family:
    """Made before the first child is forked. ``name`` ends the names of the children."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(4)
        # One byte of shared memory: the parent's signal handler sets it, and all children see it.
        self._stopping = mmap.mmap(-1, 1)

    def stop(self) -> None:
        """The worker ends: attempts in work have ``grace`` seconds left."""
        self._stopping[0] = 1

    def is_stopping(self) -> bool:
        return bool(self._stopping[0])
