"""One file from the disk over HTTP: GET and HEAD, ETag and 304, byte ranges (RFC 9110, sections 13 and 14).

whitenoise does the work, because Django's own view knows no ranges and Safari plays no video without them.
"""

from __future__ import annotations

from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import IsDirectoryError, MissingFileError, NotARegularFileError, StaticFile

from common.storage import media


def file_response(request: HttpRequest, path: Path | str, headers: dict[str, str]) -> HttpResponseBase:
    """The file with these headers (and Last-Modified, and an ETag if none is among them). Raises Http404."""
    try:
        file = StaticFile(path, list({"Accept-Ranges": "bytes", **headers}.items()))
    except (MissingFileError, IsDirectoryError, NotARegularFileError, ValueError):
        raise Http404 from None
    return WhiteNoiseMiddleware.serve(file, request)


def stored_file_response(request: HttpRequest, name: str, headers: dict[str, str]) -> HttpResponseBase:
    """A file of the media storage, which the caller has allowed the client to see. Raises Http404.

    Byte ranges are answered where the storage is this machine's file system.
    """
    if path := media().local_path(name):
        return file_response(request, path, headers)
    try:
        return HttpResponse(media().read(name), headers=headers)
    except FileNotFoundError:
        raise Http404 from None
