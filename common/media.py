"""Portraits and the houses' own crests over HTTP, for installations without a web server in front."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from common.public_files import file_below

CONTENT_TYPES = {
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".jpg": "image/jpeg",
}
HEADERS = {
    # Names are made by the server and never used twice.
    "Cache-Control": "public, max-age=31536000, immutable",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@csrf_exempt
def public_file(request: HttpRequest, folder: str, name: str) -> HttpResponseBase:
    """One file below a folder of ``common.storage.PUBLIC_AREAS`` in MEDIA_ROOT (GET and HEAD, byte ranges, 304)."""
    return file_below(request, settings.MEDIA_ROOT / folder, name, CONTENT_TYPES, HEADERS)
