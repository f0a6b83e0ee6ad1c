"""The page at ``/`` and its parts below ``/web/``: plain files, the same in development and in production.

The parts are ES modules that import each other by path. A browser revalidates each of them (``no-cache``) and gets
304 for those it has, so that it never mixes modules of two releases.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

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
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
HEADERS = {
    "Cache-Control": "no-cache",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


def policy() -> str:
    """The page's Content-Security-Policy: everything from this host, and portraits from where they are kept."""
    files = f" {origin}" if (origin := media_origin()) else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            # The page previews the photo before the upload from a blob: URL.
            f"img-src 'self' blob: data:{files}",
            f"media-src 'self' blob:{files}",
            "connect-src 'self'",
            "font-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _part(request: HttpRequest, name: str) -> HttpResponseBase:
    headers = {**HEADERS, "Content-Security-Policy": policy()}
    return file_below(request, settings.WEB_ROOT, name, CONTENT_TYPES, headers)


@csrf_exempt
def home(request: HttpRequest) -> HttpResponseBase:
    """``GET /``: the page. The current view is in the fragment of the URL, which is not sent."""
    return _part(request, "index.html")


@csrf_exempt
def part(request: HttpRequest, name: str) -> HttpResponseBase:
    """``GET /web/<name>``: a module, a style sheet, a drawing."""
    return _part(request, name)


@csrf_exempt
def favicon(request: HttpRequest) -> HttpResponseBase:
    """``GET /favicon.ico``: the icon that browsers ask for on every page, the admin's too."""
    return _part(request, "art/favicon.ico")
