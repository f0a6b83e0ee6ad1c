"""``/user/portrait/previews/<kind>/<name>``: the small pictures of styles and motions, for an ``<img>``."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from common.file_responses import file_below
from common.media import HEADERS
from portrait.choices import PREVIEW_TYPES, PREVIEWS_DIR

KINDS = ("styles", "motions")


@csrf_exempt
def preview_picture(request: HttpRequest, kind: str, name: str) -> HttpResponseBase:
    """The picture (GET and HEAD). Its address changes with its contents, so that browsers may keep it."""
    if kind not in KINDS:
        raise Http404
    return file_below(request, PREVIEWS_DIR / kind, name, PREVIEW_TYPES, HEADERS)
