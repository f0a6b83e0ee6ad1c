"""The shipped motion templates, by name. Lists them from their files' short headers; imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from portrait.engine.errors import ChoiceError
from portrait.engine.motion.template import SLUG, Motion, read_meta, read_motion

MOTIONS_DIR = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class MotionInfo:
    """One line of the catalogue: ``model`` names the keypoint set that plays it, ``title`` is by language."""

    name: str
    path: Path
    model: str
    frames: int
    fps: float
    title: dict[str, str]


def motion_names(folder: Path = MOTIONS_DIR) -> tuple[str, ...]:
    """Names of the templates in ``folder``, sorted; opens no file."""
    return tuple(sorted(path.stem for path in folder.glob("*.npz") if SLUG.fullmatch(path.stem)))


def list_motions(model: str | None = None, folder: Path = MOTIONS_DIR) -> tuple[MotionInfo, ...]:
    """The templates in ``folder`` that fit the keypoint set ``model`` (all, for None), sorted by name."""
    found = []
    for name in motion_names(folder):
        path = folder / f"{name}.npz"
        meta = read_meta(path)
        if model is None or meta["model"] == model:
            found.append(
                MotionInfo(name, path, meta["model"], meta["frames"], float(meta["fps"]), dict(meta["title"]))
            )
    return tuple(found)


def load_motion(name: str, folder: Path = MOTIONS_DIR) -> Motion:
    """Read a template by its catalogue name. Raises ChoiceError (``unknown_motion``) or MotionFileError."""
    names = motion_names(folder)
    if name not in names:
        raise ChoiceError(
            f"there is no motion {name!r}; choose one of {', '.join(names) or '(none installed)'}",
            code="unknown_motion",
        )
    return read_motion(folder / f"{name}.npz")
