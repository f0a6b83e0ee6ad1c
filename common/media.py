"""The public folders of MEDIA_ROOT over HTTP, for installations without a web server in front."""

from __future__ import annotations

import posixpath

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from common.file_responses import file_below
from common.problems import read_only
from common.storage import media

HEADERS = {
    # Names are made by the server and never used twice.
    "Cache-Control": "public, max-age=31536000, immutable",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@csrf_exempt
def public_file(request: HttpRequest, folder: str, name: str) -> HttpResponseBase:
    """One file below ``MEDIA_ROOT/folder`` (GET and HEAD, byte ranges, 304).

    The URL configuration decides which folders are reachable: those of ``settings.PUBLIC_MEDIA``. Where the files are
    kept elsewhere, addresses from before they were moved lead there (302).
    """
    stored = f"{folder}/{name}"
    if media().local_path(stored) is None:
        if refusal := read_only(request):
            return refusal
        suffix = name[name.rfind(".") :].lower()
        if suffix not in settings.PUBLIC_MEDIA_TYPES or posixpath.normpath(stored) != stored:
            raise Http404
        return HttpResponseRedirect(media().url(stored), headers={"Cache-Control": "no-store"})
    return file_below(request, settings.MEDIA_ROOT / folder, name, settings.PUBLIC_MEDIA_TYPES, HEADERS)
