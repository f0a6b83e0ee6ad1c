"""The page at ``/`` and its parts below ``/web/``: plain files, the same in development and in production.

The parts are ES modules that name each other by path. A browser asks for each of them anew (``no-cache``) and gets
304 for what it has, so that an update never leaves it with modules of two releases.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

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
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # The page shows the photo that is about to be sent: blob: is the page's own memory.
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
    """``GET /``: the page. Where in it somebody is stands behind the ``#`` of the address, which is not sent."""
    return file_below(request, settings.WEB_ROOT, "index.html", CONTENT_TYPES, HEADERS)


@csrf_exempt
def part(request: HttpRequest, name: str) -> HttpResponseBase:
    """``GET /web/<name>``: a module, a style sheet, a drawing."""
    return file_below(request, settings.WEB_ROOT, name, CONTENT_TYPES, HEADERS)
