"""The page's text files as they go over the wire: compressed, at addresses that change with their contents.

Scripts and style sheets are loaded from ``/web/v-<digest>/...``, where the digest is that of all of them: a browser
keeps them for ever, and a release is never mixed with another one. Modules import each other by relative paths, so
that they stay below that address. There the first view's modules are one file (``web_bundle``), and so are its style
sheets; every other page, and the player, asks for all that it imports at once, instead of one round after the other.
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
from common.web_bundle import NotBundled, bundle, imports_of

COMPRESSED = {".html", ".js", ".css", ".svg", ".json", ".webmanifest"}
VERSIONED = {".js", ".css"}
# ``v-0123456789ab/lib/dom.js``
ADDRESS = re.compile(r"v-(?P<digest>[0-9a-f]{12})/(?P<name>.+)")
# The first view of a visitor: the module that the document loads, the one that this loads by its address, and sheets.
ENTRY, FIRST_PAGES = "app.js", ("pages/welcome.js",)
FIRST_SHEETS = ("styles/pages/welcome.css",)
# And what the page shows without a connection.
OFFLINE_SHEETS = ("styles/pages/card.css",)
# The sheets of the document in one, in their order.
JOINED = "styles/joined.css"

# Modules that are loaded by their address when they are wanted: a page that is not in the bundle, the player.
_BEGINNING = re.compile(r"pages/[a-z-]+\.js|lib/live\.js")
_LOADED = re.compile(r'(?P<before>\b(?:src|href)=")/web/(?P<name>[^"]+\.(?:js|css))"')
_ADDRESS_IN_DOCUMENT = re.compile(r'\b(?:src|href)="(?P<path>/web/v-[^"]+)"')
_SHEET = re.compile(r'^ *<link rel="stylesheet" href="/web/(?P<name>[^"]+)">\n', re.MULTILINE)


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
    text = _index(root).replace("{origin}", origin)
    base = f"/web/v-{digest(root)}"
    if len(_SHEET.findall(text)) > 1:
        text = _SHEET.sub(f'    <link rel="stylesheet" href="/web/{JOINED}">\n', text, count=1)
        text = _SHEET.sub(lambda sheet: sheet[0] if sheet["name"] == JOINED else "", text)
    text = _LOADED.sub(rf'\g<before>{base}/\g<name>"', text)
    return text.replace("  </head>", _preloads(root, base) + "  </head>", 1)


def first_files(root: Path) -> tuple[str, ...]:
    """The addresses of this edition that the document needs for its first view, or for any without a connection."""
    found = [match["path"] for match in _ADDRESS_IN_DOCUMENT.finditer(document(root, ""))]
    base = f"/web/v-{digest(root)}"
    found += [f"{base}/{name}" for name in _present(root, OFFLINE_SHEETS)]
    return tuple(dict.fromkeys(found))


def made(root: Path, name: str) -> str | None:
    """The text at an address of this edition that is not that of a file.

    The bundle, a shim, the joined sheets, a module that needs no shims.
    """
    if name == JOINED:
        return "\n".join((root / sheet).read_text(encoding="utf-8") for sheet in _SHEET.findall(_index(root)))
    found = bundle(root, ENTRY, _present(root, FIRST_PAGES), digest(root))
    if found is None or not name.endswith(".js"):
        return None
    if name in found.exports:
        return found.text if name == ENTRY else found.shim(name)
    return _outside(root, name, digest(root))


@lru_cache(maxsize=128)
def _outside(root: Path, name: str, edition: str) -> str | None:
    """A module outside of the bundle; one that is loaded by its address begins with all that it imports.

    None where there is none, or where what it imports cannot be told.
    """
    found = bundle(root, ENTRY, _present(root, FIRST_PAGES), edition)
    try:
        text = (root / name).read_text(encoding="utf-8")
        if found is None:
            return None
        further = imports_of(root, name, found.exports) if _BEGINNING.fullmatch(name) else ()
        return "".join(f'import "../{one}";\n' for one in further) + found.linked(name, text)
    except (NotBundled, OSError):
        return None


def _index(root: Path) -> str:
    return (root / "index.html").read_text(encoding="utf-8")


def _present(root: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if (root / name).is_file())


def _preloads(root: Path, base: str) -> str:
    lines = [f'<link rel="preload" as="style" href="{base}/{name}">' for name in _present(root, FIRST_SHEETS)]
    lines += [f'<link rel="modulepreload" href="{base}/{name}">' for name in _present(root, FIRST_PAGES)]
    return "".join(f"    {line}\n" for line in lines)


def zipped(request: HttpRequest, data: bytes, headers: dict[str, str]) -> HttpResponseBase:
    """:func:`answered`, compressed where the browser reads that."""
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        data, headers = gzip.compress(data, mtime=0), {**headers, "Content-Encoding": "gzip"}
    return answered(request, data, headers)


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
