"""The lists of requirements, and an installation that has the packages of one list alone."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.paths import ROOT


def listed(name: str) -> dict[str, Requirement]:
    """The requirements of a list and of those that it includes, by canonical name."""
    found: dict[str, Requirement] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if included := re.fullmatch(r"-r (\S+)", line):
            found |= listed(included[1])
        elif line and not line.startswith("#"):
            requirement = Requirement(line)
            found[canonicalize_name(requirement.name)] = requirement
    return found


def needed_by(requirement: Requirement) -> set[str]:
    """The canonical names that the installed distribution declares, on this machine, with the asked extras."""
    declared = [Requirement(text) for text in distribution(requirement.name).requires or []]
    return {
        canonicalize_name(needed.name)
        for needed in declared
        if needed.marker is None
        or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras))
    }


def install(name: str, folder: Path) -> None:
    """Link into ``folder``, which can be a ``PYTHONPATH``, the installed packages of a list and nothing else."""
    for requirement in listed(name).values():
        _link(distribution(requirement.name), folder)


def _link(package: Distribution, folder: Path) -> None:
    for file in package.files or []:
        top = file.parts[0]
        target = folder / top
        # Scripts lie outside of the folder of packages.
        if top != ".." and not target.is_symlink():
            target.symlink_to(Path(str(package.locate_file(top))))
