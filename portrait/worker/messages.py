"""What the worker's parent and its children say to each other. Imports neither Django nor torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portrait.engine.output.formats import POSTER
from portrait.engine.request import PortraitRequest

# (stage, fraction of the whole job from 0 to 1)
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class ChildSettings:
    """What a child needs to know before its first job."""

    scratch: str
    parent: int  # process id; a child does not outlive it
    threads: int
    loader: str  # dotted path of a function(options) that loads the weights and may be called again for free
    options: Any = None


@dataclass(frozen=True)
class AttemptOrder:
    """One attempt at one job. ``folder`` is empty and the child's own; the results go there."""

    job: int
    photo: str
    request: PortraitRequest
    folder: str
    # The job's column: None where no search was made, {} where it found no face.
    face: dict[str, Any] | None = None
    options: Any = None
    look: bool = False  # whether the student wants the picture to be read

    @property
    def progress_file(self) -> Path:
        return Path(self.folder) / "progress.json"

    @property
    def still_file(self) -> Path:
        """The painted still, a PNG; whole as soon as it is there."""
        return Path(self.folder) / f"still.{POSTER.suffix}"

    @property
    def readings_file(self) -> Path:
        """What was read of the picture, as JSON; whole as soon as it is there."""
        return Path(self.folder) / "readings.json"

    @property
    def cancel_file(self) -> Path:
        """Where this file is, the child ends the attempt at its next report of progress."""
        return Path(self.folder) / "cancelled"


class AttemptCancelled(Exception):
    """Raised by the progress callback inside the task when its result is not wanted any more."""


@dataclass(frozen=True)
class AttemptDone:
    """The results lie in the order's folder under these file names, by job field."""

    files: Mapping[str, str]
    request: PortraitRequest  # with what was drawn
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class AttemptFailed:
    """``final``: another attempt would end in the same way. ``log`` is for the log, never for the student.

    ``machine``: every job would have failed in the same way; the attempt does not count.
    """

    code: str
    detail: str = ""
    final: bool = False
    log: str = ""
    machine: bool = False


Task = Callable[[AttemptOrder, Progress], AttemptDone]
