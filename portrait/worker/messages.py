"""What the worker's parent and its children say to each other. Imports neither Django nor torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

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
    # As ``logging.config.dictConfig`` takes it.
    logging: Mapping[str, Any] | None = None


class Order(Protocol):
    """One attempt. ``folder`` is the child's own; what it needs is there or named, and the results go there."""

    @property
    def folder(self) -> str: ...

    @property
    def log_fields(self) -> Mapping[str, str | int]:
        """What the lines of the log carry."""
        ...


def progress_file(order: Order) -> Path:
    return Path(order.folder) / "progress.json"


def cancel_file(order: Order) -> Path:
    """Where this file is, the child ends the attempt at its next report of progress."""
    return Path(order.folder) / "cancelled"


@dataclass(frozen=True)
class AttemptOrder:
    """One attempt at one portrait. ``own_style``: a file of ``engine.style.row`` for a style of no painter's file."""

    job: int
    photo: str
    request: PortraitRequest
    folder: str
    # The job's column: None where no search was made, {} where it found no face.
    face: dict[str, Any] | None = None
    options: Any = None
    own_style: str = ""
    request_id: str = ""  # of the request that sent the photo, for the log
    own_motion: str = ""  # a motion template's file, in place of one of the catalogue
    look: bool = False  # whether the student wants the picture to be read

    @property
    def log_fields(self) -> Mapping[str, str | int]:
        return {"request_id": self.request_id, "job": self.job}

    @property
    def still_file(self) -> Path:
        """The painted still, a PNG; whole as soon as it is there."""
        return Path(self.folder) / f"still.{POSTER.suffix}"

    @property
    def readings_file(self) -> Path:
        """What was read of the picture, as JSON; whole as soon as it is there."""
        return Path(self.folder) / "readings.json"


@dataclass(frozen=True)
class FitOrder:
    """One attempt at fitting a style to the picture of a painting, for ``minutes``, with the photos of a folder."""

    painting: int
    picture: str
    slug: str
    titles: Mapping[str, str]
    folder: str
    photos: str
    minutes: float
    options: Any = None

    @property
    def log_fields(self) -> Mapping[str, str | int]:
        return {"painting": self.painting}


@dataclass(frozen=True)
class ErrandOrder:
    """One attempt at an errand. ``source``: the photo or the clip; ``face`` as in AttemptOrder.

    ``own_styles``: files of ``engine.style.row`` by the style's name.
    """

    errand: int
    kind: str
    source: str
    folder: str
    face: dict[str, Any] | None = None
    options: Any = None
    own_styles: Mapping[str, str] = field(default_factory=dict)

    @property
    def log_fields(self) -> Mapping[str, str | int]:
        return {"errand": self.errand}


class AttemptCancelled(Exception):
    """Raised by the progress callback inside the task when its result is not wanted any more."""


@dataclass(frozen=True)
class AttemptDone:
    """The results lie in the order's folder under these file names, by job field."""

    files: Mapping[str, str]
    request: PortraitRequest  # with what was drawn
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FitDone:
    """The results lie in the order's folder, by the column of the painting's row. ``painter``: its digest."""

    files: Mapping[str, str]
    painter: str
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ErrandDone:
    """The result lies in the order's folder under this name."""

    file: str


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


def deadline_exceeded(seconds: float) -> AttemptFailed:
    """The end of an attempt that took longer than ``seconds``."""
    return AttemptFailed("deadline_exceeded", f"not done after {seconds:g} seconds")


Done = AttemptDone | FitDone | ErrandDone
# Of an order of the kind that the task is for.
Task = Callable[[Any, Progress], Done]
