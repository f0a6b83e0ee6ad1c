"""The page at ``/`` and its parts below ``/web/``: plain files, the same in development and in production.

The parts are ES modules that import each other by path, at addresses of their edition (``web_edition``), which a
browser keeps. At other addresses it revalidates each of them (``no-cache``) and gets 304 for those it has.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils._os import safe_join
from django.views.decorators.csrf import csrf_exempt

from common import web_edition
from common.fields import origin
from common.file_responses import file_below

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
}
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # The page previews the photo before the upload from a blob: URL.
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


@csrf_exempt
def home(request: HttpRequest) -> HttpResponseBase:
    """``GET /``: the page. The current view is in the fragment of the URL, which is not sent."""
    data = web_edition.document(settings.WEB_ROOT, origin(request)).encode()
    return web_edition.zipped(request, data, {"Content-Type": CONTENT_TYPES[".html"], **HEADERS})


@csrf_exempt
def part(request: HttpRequest, name: str) -> HttpResponseBase:
    """``GET /web/<name>``: a module, a style sheet, a drawing."""
    headers = HEADERS
    if address := web_edition.ADDRESS.fullmatch(name):
        name = address["name"]
        # Another edition's address is answered with this one's file, which is not kept.
        if address["digest"] == web_edition.digest(settings.WEB_ROOT):
            headers = HEADERS | {"Cache-Control": "public, max-age=31536000, immutable"}
        if text := web_edition.made(settings.WEB_ROOT, name):
            suffix = name[name.rfind(".") :]
            return web_edition.zipped(
                request, text.encode(), {"Content-Type": CONTENT_TYPES[suffix], **headers}
            )
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


@csrf_exempt
def favicon(request: HttpRequest) -> HttpResponseBase:
    """``GET /favicon.ico``: the icon that browsers ask for on every page, the admin's too."""
    return file_below(request, settings.WEB_ROOT, "art/favicon.ico", CONTENT_TYPES, HEADERS)
