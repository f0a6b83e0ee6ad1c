"""Files from the disk over HTTP: GET and HEAD, ETag and 304, byte ranges (RFC 9110, sections 13 and 14).

whitenoise does the work, because Django's own view knows no ranges and Safari plays no video without them.
"""

from __future__ import annotations

from pathlib import Path

from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils._os import safe_join
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import IsDirectoryError, MissingFileError, NotARegularFileError, StaticFile

from config.problems import read_only


def file_response(
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
    headers = {"Content-Type": content_types[suffix], "Accept-Ranges": "bytes", **headers}
    try:
        file = StaticFile(safe_join(root, name), list(headers.items()))
    except (MissingFileError, IsDirectoryError, NotARegularFileError, SuspiciousFileOperation, ValueError):
        raise Http404 from None
    return WhiteNoiseMiddleware.serve(file, request)
