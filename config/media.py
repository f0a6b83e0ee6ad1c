"""Portraits and the houses' own crests over HTTP, for installations without a web server in front."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils._os import safe_join
from django.views.decorators.csrf import csrf_exempt
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import IsDirectoryError, MissingFileError, NotARegularFileError, StaticFile

from config.problems import read_only

# Everything else under MEDIA_ROOT (the uploaded photos) is nobody's business.
PUBLIC = ("portraits", "crests")

CONTENT_TYPES = {
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".jpg": "image/jpeg",
}


@csrf_exempt
def public_file(request: HttpRequest, folder: str, name: str) -> HttpResponseBase:
    """One file below a folder of ``PUBLIC`` in MEDIA_ROOT (GET and HEAD, byte ranges as RFC 9110 section 14, 304).

    Names are made by the server and never used twice, so a client may keep the file for a year. whitenoise does the
    work, because Django's own view knows no ranges and Safari plays no video without them.
    """
    if refusal := read_only(request):
        return refusal
    suffix = name[name.rfind(".") :].lower()
    if suffix not in CONTENT_TYPES:
        raise Http404
    headers = [
        ("Content-Type", CONTENT_TYPES[suffix]),
        ("Cache-Control", "public, max-age=31536000, immutable"),
        ("Accept-Ranges", "bytes"),
        ("Access-Control-Allow-Origin", "*"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
    ]
    try:
        path = safe_join(settings.MEDIA_ROOT / folder, name)
        file = StaticFile(path, headers)
    except (MissingFileError, IsDirectoryError, NotARegularFileError, SuspiciousFileOperation, ValueError):
        raise Http404 from None
    return WhiteNoiseMiddleware.serve(file, request)
