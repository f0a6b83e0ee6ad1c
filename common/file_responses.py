"""One file from the disk over HTTP: GET and HEAD, ETag and 304, byte ranges (RFC 9110, sections 13 and 14).

whitenoise does the work, because Django's own view knows no ranges and Safari plays no video without them.
"""

from __future__ import annotations

from pathlib import Path

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import IsDirectoryError, MissingFileError, NotARegularFileError, StaticFile


def file_response(request: HttpRequest, path: Path | str, headers: dict[str, str]) -> HttpResponseBase:
    """The file with these headers (and Last-Modified, and an ETag if none is among them). Raises Http404."""
    try:
        file = StaticFile(path, list({"Accept-Ranges": "bytes", **headers}.items()))
    except (MissingFileError, IsDirectoryError, NotARegularFileError, ValueError):
        raise Http404 from None
    return WhiteNoiseMiddleware.serve(file, request)
