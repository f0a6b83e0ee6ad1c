"""The page's text files as they go over the wire: compressed, at addresses that change with their contents.

Scripts and style sheets are loaded from ``/web/v-<digest>/...``, where the digest is that of all of them: a browser
keeps them for ever, and a release is never mixed with another one. Modules import each other by relative paths, so
that they stay below that address.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers

from common.problems import read_only

COMPRESSED = {".html", ".js", ".css", ".svg", ".json", ".webmanifest"}
VERSIONED = {".js", ".css"}
# ``v-0123456789ab/lib/dom.js``
ADDRESS = re.compile(r"v-(?P<digest>[0-9a-f]{12})/(?P<name>.+)")
# What the first view of a visitor needs beside the document: known at once, instead of module after module.
FIRST_MODULES = ("app.js", "pages/welcome.js")
FIRST_SHEETS = ("styles/pages/welcome.css",)

_IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*?["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)
_LOADED = re.compile(r'(?P<before>\b(?:src|href)=")/web/(?P<name>[^"]+\.(?:js|css))"')


def digest(root: Path) -> str:
    """Of all files whose addresses carry it; another one as soon as one of them is another."""
    found = sorted(path for path in root.rglob("*") if path.suffix in VERSIONED)
    state = "".join(
        f"{path.relative_to(root)} {(stat := path.stat()).st_mtime_ns} {stat.st_size}\n" for path in found
    )
    return hashlib.sha256(state.encode()).hexdigest()[:12]


def document(root: Path, origin: str) -> str:
    """``index.html`` with the addresses of this edition, and with what the first view needs as preloads.

    ``{origin}`` in it becomes the scheme and host that were asked: Open Graph takes no paths.
    """
    text = (root / "index.html").read_text(encoding="utf-8").replace("{origin}", origin)
    base = f"/web/v-{digest(root)}"
    text = _LOADED.sub(rf'\g<before>{base}/\g<name>"', text)
    return text.replace("  </head>", _preloads(root, base) + "  </head>", 1)


@lru_cache(maxsize=4)
def _preloads(root: Path, base: str) -> str:
    modules: list[str] = []
    waiting = [root / name for name in FIRST_MODULES if (root / name).is_file()]
    while waiting:
        path = waiting.pop(0)
        name = path.relative_to(root).as_posix()
        if name in modules:
            continue
        modules.append(name)
        for imported in _IMPORT.findall(path.read_text(encoding="utf-8")):
            waiting.append((path.parent / imported).resolve())
    sheets = [name for name in FIRST_SHEETS if (root / name).is_file()]
    lines = [f'<link rel="preload" as="style" href="{base}/{name}">' for name in sheets]
    lines += [f'<link rel="modulepreload" href="{base}/{name}">' for name in modules]
    return "".join(f"    {line}\n" for line in lines)


def compressed(request: HttpRequest, path: Path, headers: dict[str, str]) -> HttpResponseBase | None:
    """The file compressed by gzip, or 304; None where it is not there, or the browser reads no gzip."""
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return None
    try:
        stat = path.stat()
        data = _gzip(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return None
    return answered(request, data, {**headers, "Content-Encoding": "gzip"})


def answered(request: HttpRequest, data: bytes, headers: dict[str, str]) -> HttpResponseBase:
    """``data`` with an ETag of its own; 304 for who has it, 405 for other methods than GET and HEAD."""
    if refusal := read_only(request):
        return refusal
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    response = HttpResponse(data, headers={**headers, "ETag": etag})
    patch_vary_headers(response, ["Accept-Encoding"])
    return get_conditional_response(request, etag=etag, response=response) or response


@lru_cache(maxsize=512)
def _gzip(path: Path, changed: int, size: int) -> bytes:
    return gzip.compress(path.read_bytes(), compresslevel=9, mtime=0)
