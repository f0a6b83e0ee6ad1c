"""``.env.example`` and the README's table list the settings that config/settings.py reads, with their defaults."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

from config import object_storage, settings
from portrait.engine.request import DEFAULTS
from tests.common.description import schema
from tests.paths import ROOT

# Functions of config/values.py that read a variable; the position of its default, None for "no default".
HELPERS = {
    "choice": 2,
    "number": 3,
    "whole": 3,
    "switch": 1,
    "folder": 1,
    "database": 1,
    "formats": 1,
    "hosts": 1,
    "origins": 1,
    "rate": 1,
    **dict.fromkeys(("pair_of_files", "file", "cache", "mail", "sender", "broker", "web_address")),
}

# A developer's own .env must not decide about this test.
FINGERPRINT = """
import django, environ, json
environ.Env.read_env = lambda *arguments, **named: None
django.setup()
from config import object_storage, settings
print(json.dumps({name: repr(value) for name, value in vars(settings).items() if name.isupper()}))
"""


def written(value: Any) -> str:
    """A default as it is written in the environment."""
    match value:
        case bool():
            return "on" if value else "off"
        case list() | tuple():
            return ",".join(value)
        case float():
            return f"{value:g}"
    return str(value).replace(f"{ROOT}/", "")


def default(node: ast.expr | None) -> str:
    if node is None:
        return ""
    return written(eval(compile(ast.Expression(node), "<default>", "eval"), vars(settings).copy()))


def read_by(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each variable with its default. A helper's own ``env.str(name)`` is left out: its callers are counted."""
    helpers = {node for node in tree.body if isinstance(node, ast.FunctionDef)}
    inside = {call for helper in helpers for call in ast.walk(helper)}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id="DEFAULT_RATES")]):
                (rates,) = (part for part in ast.walk(node) if isinstance(part, ast.Dict))
                for scope, rate in zip(rates.keys, rates.values, strict=True):
                    yield f"THROTTLE_{default(scope).upper().replace('-', '_')}", default(rate)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="env"), attr=kind), args=args, keywords=named):
                if kind == "read_env":
                    continue
                if not isinstance(args[0], ast.Constant):
                    assert node in inside, f"line {node.lineno}: the name of the variable is not constant"
                    continue
                yield default(args[0]), default(next((k.value for k in named if k.arg == "default"), None))
            case ast.Call(func=ast.Name(id="request_defaults")):
                for field in settings.request_defaults():
                    usual = getattr(DEFAULTS, field.lower())
                    yield f"PORTRAIT_{field}", "random" if usual is None else written(usual)
            case ast.Call(func=ast.Name(id="bucket")):
                yield from object_storage.VARIABLES.items()
            case ast.Call(func=ast.Name(id=helper), args=args) if helper in HELPERS and node not in inside:
                place = HELPERS[helper]
                # The second argument of the sender is no name.
                for name in args[: 1 if place or helper == "sender" else None]:
                    yield default(name), default(args[place]) if place else ""


def settings_read() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in read_by(ast.parse((ROOT / "config" / "settings.py").read_text(encoding="utf-8"))):
        # A variable may be read a second time without its default, after a check that it is set.
        found[name] = found.get(name) or value
    return found


def example() -> list[tuple[str, str, str]]:
    """``(comment, name, default)`` of each setting in ``.env.example``."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return re.findall(r"^# (.+)\n#([A-Z0-9_]+)=(.*)$", text, re.MULTILINE)


def readme_table() -> dict[str, str]:
    """The README's table; a default in prose, such as "none", stands for an unset variable."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for names, defaults in re.findall(
        r"^\| (`[A-Z0-9_]+`(?:, `[A-Z0-9_]+`)*) \| (.+?) \| .* ?\|$", text, re.MULTILINE
    ):
        values = re.findall(r"`([^`]+)`", defaults) or [""]
        variables = re.findall(r"`([A-Z0-9_]+)`", names)
        found.update(zip(variables, values if len(values) > 1 else values * len(variables), strict=True))
    return found


def test_the_example_lists_every_setting_with_its_default() -> None:
    rows = example()
    assert {name: value for _, name, value in rows} == settings_read()
    assert len(rows) == len(settings_read())


def test_each_setting_of_the_example_is_one_commented_line_after_one_line_of_text() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line and not line.startswith("#")] == []
    assert len(re.findall(r"^#[A-Z0-9_]+=", text, re.MULTILINE)) == len(example())


def test_the_readme_lists_every_setting_with_its_default() -> None:
    assert readme_table() == settings_read()


def test_the_example_without_its_comment_signs_changes_nothing() -> None:
    def start(**variables: str) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if key not in settings_read()}
        process = subprocess.run(
            [sys.executable, "-c", FINGERPRINT],
            cwd=ROOT,
            env={**clean, "DJANGO_SETTINGS_MODULE": "config.settings", **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        values: dict[str, str] = json.loads(process.stdout.replace(f"{ROOT}/", ""))
        return values

    # An address of a cache has no empty form.
    variables = {name: value for _, name, value in example() if name != "CACHE_URL"}
    assert start(**variables) == start()


def test_pyproject_names_the_version_of_the_product_and_of_its_api() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert settings.VERSION == project["version"] == schema()["info"]["version"]
    assert f"## [{settings.VERSION}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
