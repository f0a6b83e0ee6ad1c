"""The modules of the first view in one file, so that a slow connection needs one round for them and not four.

Each module of the bundle is a function that returns its exports; the others of the page find these under a symbol, so
that a page that is loaded later shares their state. Its imports of them become constants; at the addresses of the
modules themselves is a shim, for modules outside that import them in another way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# Where the shims find the modules.
_MODULES = 'globalThis[Symbol.for("school.modules")]'

_NAMED = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[^"]+)";$', re.MULTILINE)
_DEFAULT = re.compile(r'^import (\w+) from "(\.{1,2}/[^"]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function\*? (\w+)|class (\w+)|const (\w+))", re.MULTILINE)
_EXPORT_DEFAULT = re.compile(r"^export default ", re.MULTILINE)
# Whatever else a module may say is not understood here.
_LEFT = re.compile(r"^(?:import|export)\b", re.MULTILINE)


class NotBundled(Exception):
    """A module says something that is not understood, or two import each other."""


@dataclass(frozen=True)
class Bundle:
    """``text``: the script. ``exports``: by the module's path below the page's folder, what a shim passes on."""

    text: str
    exports: dict[str, tuple[str, ...]]

    def shim(self, name: str) -> str:
        """The script at the module's own address."""
        names = self.exports[name]
        lines = [f"const from = {_MODULES}[{json.dumps(name)}];"]
        if "default" in names:
            lines.append("export default from.default;")
        if plain := ", ".join(one for one in names if one != "default"):
            lines.append(f"export const {{ {plain} }} = from;")
        return "\n".join(lines) + "\n"

    def linked(self, name: str, text: str) -> str:
        """The text of a module outside; its imports of the bundle's modules become constants."""

        def named(match: re.Match[str]) -> str:
            path = _path(name, match[2])
            return _constants(match[1], path, _MODULES) if path in self.exports else match[0]

        def default(match: re.Match[str]) -> str:
            path = _path(name, match[2])
            known = path in self.exports
            return f"const {match[1]} = {_MODULES}[{json.dumps(path)}].default;" if known else match[0]

        return _DEFAULT.sub(default, _NAMED.sub(named, text))


def bundle(root: Path, entry: str, others: tuple[str, ...], edition: str) -> Bundle | None:
    """The module ``entry`` with all that it and ``others`` import; None where that cannot be done.

    ``edition`` is another text as soon as a module is another one.
    """
    try:
        return _bundle(root, entry, others, edition)
    except (NotBundled, OSError):
        return None


def imports_of(root: Path, name: str, known: Container[str]) -> tuple[str, ...]:
    """What the module ``name`` imports, directly or not, as paths below ``root``, without those ``known``.

    Raises OSError, and NotBundled for a path outside of ``root``.
    """
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        importer = waiting.pop()
        text = (root / importer).read_text(encoding="utf-8")
        for match in (*_NAMED.findall(text), *_DEFAULT.findall(text)):
            imported = _path(importer, match[1])
            if imported not in (name, *found) and imported not in known:
                found[imported] = None
                waiting.append(imported)
    return tuple(found)


@lru_cache(maxsize=4)
def _bundle(root: Path, entry: str, others: tuple[str, ...], edition: str) -> Bundle:
    written: dict[str, str] = {}
    exports: dict[str, tuple[str, ...]] = {}

    def add(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise NotBundled(f"{name} imports itself by way of {above[-1]}")
        if name in written:
            return
        text = (root / name).read_text(encoding="utf-8")
        for found in (*_NAMED.findall(text), *_DEFAULT.findall(text)):
            add(_path(name, found[1]), (*above, name))
        written[name], exports[name] = _wrapped(name, text)

    # The entry is the last one: it shows the page.
    for name in (*others, entry):
        add(name, ())
    body = "\n".join(written.values())
    return Bundle(f"const modules = ({_MODULES} = {{}});\n{body}", exports)


def _wrapped(name: str, text: str) -> tuple[str, tuple[str, ...]]:
    names: list[str] = []

    def exported(match: re.Match[str]) -> str:
        names.extend(filter(None, match.groups()))
        return ""

    text = _NAMED.sub(lambda match: _constants(match[1], _path(name, match[2])), text)
    text = _DEFAULT.sub(
        lambda match: f"const {match[1]} = modules[{json.dumps(_path(name, match[2]))}].default;", text
    )
    text = _EXPORT.sub(exported, text)
    if _EXPORT_DEFAULT.search(text):
        text = _EXPORT_DEFAULT.sub("const isDefault = ", text)
    if left := _LEFT.search(text):
        raise NotBundled(f"{name}: {text[left.start() : left.start() + 60]}")
    # The bundle lies beside the entry, at the top.
    text = text.replace("import.meta.url", f'new URL("./{name}", import.meta.url).href')
    returned = ", ".join([*names, *(["default: isDefault"] if "const isDefault = " in text else [])])
    exports = (*names, *(("default",) if "const isDefault = " in text else ()))
    wrapped = f"modules[{json.dumps(name)}] = (() => {{\n{text}\nreturn {{ {returned} }};\n}})();"
    return wrapped, exports


def _constants(names: str, path: str, modules: str = "modules") -> str:
    """``a, b as c`` as the constants that they are."""
    parts = [" ".join(part.split()).replace(" as ", ": ") for part in names.split(",") if part.strip()]
    return f"const {{ {', '.join(parts)} }} = {modules}[{json.dumps(path)}];"


def _path(importer: str, imported: str) -> str:
    """``../lib/dom.js``, imported by ``pages/room.js``, is ``lib/dom.js``."""
    parts = importer.split("/")[:-1]
    for part in imported.split("/"):
        if part == "..":
            if not parts:
                raise NotBundled(f"{importer} imports {imported}")
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
