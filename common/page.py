"""The pages at ``/`` and ``/live/``, and their parts below ``/web/``: plain files, the same in development as in use.

The parts are ES modules that import each other by path, at addresses of their edition (``web_edition``), which a
browser keeps. At other addresses it revalidates each of them (``no-cache``) and gets 304 for those it has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils._os import safe_join
from django.views.decorators.csrf import csrf_exempt

from common import web_edition
from common.fields import origin
from common.file_responses import file_below
from common.storage import media_origin

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".live": "application/zip",
}
HEADERS = {
    "Cache-Control": "no-cache",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}

# The player of live portraits, which pages of other sites may load.
EMBEDDABLE = re.compile(r"lib/live(\.js|/[a-z]+\.js)")
EMBEDDABLE_HEADERS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


def policy(*connections: str) -> str:
    """The page's Content-Security-Policy: everything from this host, and portraits from where they are kept.

    ``connections``: what scripts may read besides.
    """
    files = f" {origin}" if (origin := media_origin()) else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            # The page previews the photo before the upload from a blob: URL.
            f"img-src 'self' blob: data:{files}",
            f"media-src 'self' blob:{files}",
            # Live portraits are read by a script.
            " ".join(("connect-src 'self'" + files, *connections)),
            "font-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _part(
    request: HttpRequest, name: str, more: Mapping[str, str] = MappingProxyType({})
) -> HttpResponseBase:
    headers = {**page_headers(), **more}
    suffix = name[name.rfind(".") :].lower()
    if suffix in web_edition.COMPRESSED:
        try:
            path = Path(safe_join(settings.WEB_ROOT, name))
        except (SuspiciousFileOperation, ValueError):
            raise Http404 from None
        typed = {"Content-Type": CONTENT_TYPES[suffix], **headers}
        if answer := web_edition.compressed(request, path, typed):
            return answer
    return file_below(request, settings.WEB_ROOT, name, CONTENT_TYPES, headers)


def page_headers() -> dict[str, str]:
    """Of the page and all of its parts: asked for again each time, under the policy."""
    return {**HEADERS, "Content-Security-Policy": policy()}


@csrf_exempt
def home(request: HttpRequest) -> HttpResponseBase:
    """``GET /``: the page. The current view is in the fragment of the URL, which is not sent."""
    data = web_edition.document(settings.WEB_ROOT, origin(request)).encode()
    return web_edition.zipped(request, data, {"Content-Type": CONTENT_TYPES[".html"], **page_headers()})


@csrf_exempt
def part(request: HttpRequest, name: str) -> HttpResponseBase:
    """``GET /web/<name>``: a module, a style sheet, a drawing."""
    more = {**(EMBEDDABLE_HEADERS if EMBEDDABLE.fullmatch(name) else {})}
    if address := web_edition.ADDRESS.fullmatch(name):
        name = address["name"]
        # Another edition's address is answered with this one's file, which is not kept.
        if address["digest"] == web_edition.digest(settings.WEB_ROOT):
            more["Cache-Control"] = "public, max-age=31536000, immutable"
        if text := web_edition.made(settings.WEB_ROOT, name):
            suffix = name[name.rfind(".") :]
            typed = {"Content-Type": CONTENT_TYPES[suffix], **page_headers(), **more}
            return web_edition.zipped(request, text.encode(), typed)
    return _part(request, name, more)


@csrf_exempt
def live(request: HttpRequest) -> HttpResponseBase:
    """``GET /live/``: a live portrait with a slider for each motion."""
    # A file that the visitor chooses is read from a blob: URL.
    return _part(request, "live.html", {"Content-Security-Policy": policy("blob:")})


@csrf_exempt
def favicon(request: HttpRequest) -> HttpResponseBase:
    """``GET /favicon.ico``: the icon that browsers ask for on every page, the admin's too."""
    return _part(request, "art/favicon.ico")
