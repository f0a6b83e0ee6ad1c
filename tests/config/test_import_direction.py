"""Imports between rooms go in one direction; docs/architecture.md draws it.

Every import statement counts, also one inside a function or under ``if TYPE_CHECKING``, and so do
``import_module("...")`` and ``apps.get_model("...")`` with a constant name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.paths import ROOT

ENGINE = ("portrait.engine",)
ENGINE_TOOLS = ("portrait.motion_making", "portrait.training", "portrait.tools")
PORTRAIT = ("portrait", "portrait.queue", "portrait.endpoints")

# Each room with the rooms that it may import beside itself.
ROOMS: dict[str, tuple[str, ...]] = {
    "portrait.engine": (),
    "portrait.motion_making": ENGINE,
    "portrait.training": (*ENGINE, "portrait.motion_making"),
    "portrait.tools": (*ENGINE, "portrait.motion_making"),
    "common": (),
    "user": ("common",),
    "portrait": ("common", "user", *ENGINE),
    "portrait.queue": ("common", "user", "portrait", *ENGINE),
    "portrait.worker": ("common", "user", "portrait", "portrait.queue", *ENGINE),
    "portrait.endpoints": ("common", "user", "portrait", "portrait.queue", *ENGINE),
    "portrait.errands": ("portrait.worker", "portrait.motion_making", *ENGINE),
    "portrait.fitting": ("portrait.worker", *ENGINE, *ENGINE_TOOLS),
    "portrait.management": ("common", "user", *PORTRAIT, "portrait.worker", *ENGINE, *ENGINE_TOOLS),
    "dormitory": ("common", "user", *PORTRAIT, *ENGINE),
    "lounge": ("common", "user", *PORTRAIT, *ENGINE, "dormitory"),
    "demo": ("common", "user", *PORTRAIT, "portrait.worker", *ENGINE, "dormitory", "lounge"),
    "config": ("common", "user", *PORTRAIT, "portrait.worker", *ENGINE, "dormitory", "lounge", "demo"),
    "manage": ("config",),
}

# Modules of ``portrait`` above its queue and its worker; the other flat modules are below both.
ENDPOINT_MODULES = (
    "admin",
    "admin_parts",
    "apps",
    "checks",
    "errand_selectors",
    "errand_serializers",
    "errand_services",
    "errand_views",
    "events",
    "events_view",
    "monitoring",
    "painting_admin",
    "painting_services",
    "photo_view",
    "selectors",
    "serializers",
    "services",
    "signals",
    "student_admin",
    "templatetags",
    "urls",
    "views",
)

# Inside the engine: a folder or module imports from its own and from earlier rows.
ENGINE_LEVELS = (
    ("errors",),
    ("request", "stages"),
    ("runtime", "checkpoints"),
    ("photo", "motion"),
    ("fomm", "style", "output"),
    ("options",),
    # Importing published weights builds the networks that they belong to, to check the shapes.
    ("canvas", "checkpoints.importing"),
    ("live",),
    ("pipeline",),
)

TORCH = {"torch", "torchvision", "face_alignment"}
DJANGO = {"django", "rest_framework", "rest_framework_simplejwt", "drf_spectacular", "corsheaders", "environ"}

ROOM_PREFIXES = {
    **{f"portrait.{module}": "portrait.endpoints" for module in ENDPOINT_MODULES},
    **{room: room for room in ROOMS if room != "portrait.endpoints"},
    "tests": "tests",
}
ENGINE_PREFIXES = {f"portrait.engine.{place}": place for level in ENGINE_LEVELS for place in level}
RANK = {place: rank for rank, level in enumerate(ENGINE_LEVELS) for place in level}


def place_of(module: str, prefixes: dict[str, str]) -> str | None:
    """The value of the longest of the dotted ``prefixes`` that ``module`` lies under; None for a foreign one."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if place := prefixes.get(".".join(parts[:length])):
            return place
    return None


def imported(module: str, source: str, *, is_package: bool = False) -> Iterator[str]:
    """The dotted names that ``source``, the text of ``module``, imports; ``from a import b`` is ``a.b``."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=base, names=names, level=level):
                parents = module.split(".")
                start = parents[: len(parents) - level + is_package] if level else []
                yield from (".".join([*start, *filter(None, [base]), name.name]) for name in names)
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]):
                called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                if called in ("import_module", "__import__", "get_model"):
                    yield name


def faults(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """The imports of ``module`` that run against the direction, one line for each."""
    room = place_of(module, ROOM_PREFIXES)
    assert room in ROOMS, f"{module} belongs to no room"
    computes = room in (*ENGINE, *ENGINE_TOOLS)
    found = []
    for name in sorted(set(imported(module, source, is_package=is_package))):
        top, other = name.split(".")[0], place_of(name, ROOM_PREFIXES)
        if other is not None and other != room and other not in ROOMS[room]:
            found.append(f"{module} imports {name}: {room} may not import {other}")
        elif top in TORCH and (not computes or module.startswith("portrait.engine.motion.")):
            found.append(f"{module} imports {name}: no torch here")
        elif top in DJANGO and computes:
            found.append(f"{module} imports {name}: no Django here")
        elif room == other == "portrait.engine":
            mine, its = place_of(module, ENGINE_PREFIXES), place_of(name, ENGINE_PREFIXES)
            if mine and its and mine != its and RANK[its] >= RANK[mine]:
                found.append(f"{module} imports {name}: in the engine, {its} is not below {mine}")
    return found


def modules() -> Iterator[tuple[str, str, bool]]:
    """The product's modules: dotted name, text, and whether it is a package's ``__init__``."""
    files = [ROOT / "manage.py"]
    for package in sorted(path.parent for path in ROOT.glob("*/__init__.py")):
        if package.name != "tests":
            files += sorted(package.rglob("*.py"))
    for path in files:
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        yield ".".join(parts[:-1] if is_package else parts), path.read_text(encoding="utf-8"), is_package


def test_no_import_runs_against_the_direction() -> None:
    found = [
        fault for name, text, is_package in modules() for fault in faults(name, text, is_package=is_package)
    ]
    assert found == [], "\n" + "\n".join(found)


def test_every_room_and_every_folder_of_the_engine_has_a_place() -> None:
    names = [name for name, _, _ in modules()]
    assert {place_of(name, ROOM_PREFIXES) for name in names} == ROOMS.keys()
    inside = [name for name in names if name.startswith("portrait.engine.")]
    assert [name for name in inside if place_of(name, ENGINE_PREFIXES) is None] == []


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        ("common.admin", "from portrait.queue import overview", "common may not import portrait.queue"),
        ("user.admin", 'apps.get_model("portrait", "PortraitJob")', "user may not import portrait"),
        ("user.views", "def late():\n    import lounge.models", "user may not import lounge"),
        ("dormitory.card", "from ..lounge import text", "dormitory may not import lounge"),
        ("portrait.views", "from portrait.training import run", "portrait.training"),
        ("portrait.queue.leases", "from portrait import services", "may not import portrait.endpoints"),
        ("portrait.queue.leases", "from ..worker.pool import Children", "may not import portrait.worker"),
        ("lounge.views", "from portrait.worker import pool", "lounge may not import portrait.worker"),
        ("lounge.views", "from config import settings", "lounge may not import config"),
        ("lounge.views", "import_module('config.settings')", "lounge may not import config"),
        ("demo.browser", "from tests.conftest import PASSWORD", "demo may not import tests"),
        ("lounge.views", "def late():\n    import torch", "no torch here"),
        ("portrait.worker.pool", "from torch import nn", "no torch here"),
        ("portrait.engine.motion.basis", "import torch", "no torch here"),
        ("portrait.engine.pipeline", "from django.conf import settings", "no Django here"),
        ("portrait.training.run", "import rest_framework", "no Django here"),
        ("portrait.engine.photo.face", "from portrait.models import PortraitJob", "may not import portrait"),
        ("portrait.engine.output.mark", "from portrait.tools import previews", "portrait.tools"),
        ("portrait.motion_making.video", "from portrait.tools import previews", "portrait.tools"),
        ("portrait.engine.motion.basis", "from portrait.engine.fomm import load_model", "fomm is not below"),
        ("portrait.engine.fomm.model", "from portrait.engine.style import load_style", "style is not below"),
        ("portrait.engine.errors", "from .pipeline import Engine", "pipeline is not below errors"),
    ],
)
def test_the_rule_finds_a_made_up_fault(module: str, source: str, fault: str) -> None:
    (found,) = faults(module, source)
    assert fault in found


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("portrait.services", "from portrait.queue import transitions"),
        ("portrait.worker.pool", "from portrait.models import PortraitJob"),
        ("portrait.tools.previews", "import torch\nfrom portrait.engine.pipeline import Engine"),
        ("portrait.engine.fomm.load", "from ..checkpoints import weights"),
        ("demo.browser", "import django, json\nfrom user.models import User"),
        ("config.wsgi", "from django.core.wsgi import get_wsgi_application"),
    ],
)
def test_the_rule_lets_the_right_direction_pass(module: str, source: str) -> None:
    assert faults(module, source) == []


def test_a_relative_import_in_a_package_starts_at_the_package() -> None:
    assert list(imported("user.api", "from . import views", is_package=True)) == ["user.api.views"]
    assert list(imported("user.api", "from . import views")) == ["user.views"]
