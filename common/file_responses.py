"""Stored files over HTTP: GET and HEAD, ETag and 304, byte ranges (RFC 9110, sections 13 and 14).

whitenoise builds the response, because Django's own view supports no ranges and Safari needs them to play videos.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils._os import safe_join
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import IsDirectoryError, MissingFileError, NotARegularFileError, StaticFile

from common.problems import read_only
from common.storage import media


def file_response(request: HttpRequest, path: Path | str, headers: dict[str, str]) -> HttpResponseBase:
    """The file with these headers (and Last-Modified, and an ETag if none is among them). Raises Http404."""
    try:
        file = StaticFile(path, list({"Accept-Ranges": "bytes", **headers}.items()))
    except (MissingFileError, IsDirectoryError, NotARegularFileError, ValueError):
        raise Http404 from None
    return WhiteNoiseMiddleware.serve(file, request)


def stored_file_response(request: HttpRequest, name: str, headers: dict[str, str]) -> HttpResponseBase:
    """A file of the media storage, which the caller has allowed the client to see. Raises Http404 and OSError."""
    if path := media().local_path(name):
        return file_response(request, path, headers)
    try:
        data = media().read(name)
    except FileNotFoundError:
        raise Http404 from None
    # A name is never used for other contents.
    etag = f'"{hashlib.sha256(name.encode()).hexdigest()[:32]}"'
    # The response keeps the file open, which is gone with it.
    with NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return file_response(request, file.name, {"ETag": etag, **headers})


def file_below(
    request: HttpRequest, root: Path, name: str, content_types: dict[str, str], headers: dict[str, str]
) -> HttpResponseBase:
    """The file ``name`` below ``root``, if its suffix is one of ``content_types``.

    Raises Http404 for any other, and for whatever is no file below ``root``; 405 for other methods.
    """
    if refusal := read_only(request):
        return refusal
    suffix = name[name.rfind(".") :].lower()
    if suffix not in content_types:
        raise Http404
    try:
        path = safe_join(root, name)
    except (SuspiciousFileOperation, ValueError):
        raise Http404 from None
    return file_response(request, path, {"Content-Type": content_types[suffix], **headers})
