"""The styles, motions and orders that a student may choose from, as the shipped weights know them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language

from portrait import own_styles
from portrait.engine.errors import ChoiceError
from portrait.engine.fomm.config import keypoint_set
from portrait.engine.motion.catalogue import list_motions
from portrait.engine.request import DEFAULTS, PERFORMED, RULES, FieldRule, PortraitRequest
from portrait.engine.style.catalogue import list_styles
from portrait.engine_options import engine_options

RANDOM = "random"


# <kind>/<name>.webp; written by manage.py make_previews, while servers run as well. The server of the static files
# knows only those that were there when it started, so portrait.preview_view serves them.
PREVIEWS_DIR = Path(__file__).parent / "static" / "portrait" / "previews"
PREVIEW_TYPES = {".webp": "image/webp", ".jpg": "image/jpeg"}


@dataclass(frozen=True)
class Choice:
    """A name for programs and a title for people, by language code."""

    kind: str  # styles or motions
    name: str
    titles: dict[str, str]
    version: str = ""  # of the preview of an own painting, which is in the database

    @property
    def preview(self) -> str | None:
        """The URL path of the choice's small moving picture; None before one was made."""
        return self._picture("webp")

    @property
    def preview_still(self) -> str | None:
        """The same, standing still, for those who want no motion."""
        return self._picture("jpg")

    def _picture(self, suffix: str) -> str | None:
        path = PREVIEWS_DIR / self.kind / f"{self.name}.{suffix}"
        try:
            version = self.version or _version(path, path.stat().st_mtime_ns)
        except FileNotFoundError:
            return None
        # Another picture under the same name has another address.
        return f"{reverse('portrait-preview', args=[self.kind, path.name])}?v={version}"

    @property
    def title(self) -> str:
        language = (get_language() or "").partition("-")[0]
        return self.titles.get(language) or self.titles.get("en") or self.name


@lru_cache(maxsize=512)
def _version(path: Path, written: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@cache
def _styles(checkpoints: Path) -> tuple[Choice, ...]:
    return tuple(
        Choice("styles", style.slug, style.title)
        for style in list_styles(checkpoints / "painter.safetensors")
    )


@lru_cache(maxsize=4)
def _motions(model: Path, folder: Path, files: tuple[tuple[str, int], ...]) -> tuple[Choice, ...]:
    """``files``: the names in the folder and when each was written, so that a change is another call."""
    fitting = list_motions(keypoint_set(model), folder)
    return tuple(Choice("motions", motion.name, motion.title) for motion in fitting)


def styles() -> tuple[Choice, ...]:
    """The styles of the painter, in its order. Raises CheckpointError. Read once: new weights, new process."""
    return _styles(settings.PORTRAIT["CHECKPOINTS"])


def offered_styles() -> tuple[Choice, ...]:
    """The styles that may be chosen: the painter's, then the published own paintings, there at once. One query.

    Raises CheckpointError.
    """
    own = own_styles.offered()
    return (*styles(), *(Choice("styles", row.slug, row.titles, row.version) for row in own))


def motions() -> tuple[Choice, ...]:
    """The motions that the model can play, sorted by name; a new one is there at once.

    Raises MotionFileError and CheckpointError.
    """
    options = engine_options()
    with os.scandir(options.motions) as entries:
        files = tuple(sorted((entry.name, entry.stat().st_mtime_ns) for entry in entries))
    return _motions(options.motion_files[0], options.motions, files)


def installation_defaults() -> PortraitRequest:
    """What the settings (``PORTRAIT_STYLE`` and so on) choose; None where a style or motion is to be drawn."""
    chosen = {name: settings.PORTRAIT.get(name.upper()) for name in RULES}
    return PortraitRequest(**{name: None if value == RANDOM else value for name, value in chosen.items()})


def numbers() -> dict[str, dict[str, Any]]:
    """Of each number that may be chosen of a portrait: what it may be, and the installation's choice."""
    defaults = installation_defaults()
    offered: dict[str, dict[str, Any]] = {}
    for name, rule in number_rules().items():
        allowed = {"choices": rule.choices} if rule.choices else {"min": rule.low, "max": rule.high}
        offered[name] = {**allowed, "default": getattr(defaults, name)}
    return offered


def number_rules() -> dict[str, FieldRule]:
    """The rules of the numbers that have a default; a seed has none."""
    return {
        name: rule
        for name, rule in RULES.items()
        if rule.kind is not str and getattr(DEFAULTS, name) is not None
    }


def check_names(request: PortraitRequest) -> None:
    """Check that style and motion exist, without the engine. Raises ChoiceError, CheckpointError, MotionFileError."""
    # The catalogues are read only for a name that was chosen.
    for name, offered in (("style", offered_styles), ("motion", motions)):
        value = getattr(request, name)
        if name == "motion" and value == PERFORMED:
            continue  # whether the student has one is the service's to say
        if value is not None and value not in {choice.name for choice in offered()}:
            raise ChoiceError(f"there is no {name} {value!r}", code=RULES[name].code)
