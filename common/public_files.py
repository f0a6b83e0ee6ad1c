"""Folders of public files over HTTP, for installations without a web server in front."""

from __future__ import annotations

from pathlib import Path

from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils._os import safe_join

from common.file_responses import file_response
from common.problems import read_only


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
