"""``/user/portrait/previews/<kind>/<name>``: the small pictures of styles and motions, for an ``<img>``.

Those of the painter's styles are files, those of own paintings are in the database.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from common.file_responses import file_below
from common.media import HEADERS
from portrait import own_styles
from portrait.choices import PREVIEW_TYPES, PREVIEWS_DIR

KINDS = ("styles", "motions")


@csrf_exempt
def preview_picture(request: HttpRequest, kind: str, name: str) -> HttpResponseBase:
    """The picture (GET and HEAD). Its address changes with its contents, so that browsers may keep it."""
    if kind not in KINDS:
        raise Http404
    own = own_styles.preview(name) if kind == "styles" and request.method in ("GET", "HEAD") else None
    if own is None:
        return file_below(request, PREVIEWS_DIR / kind, name, PREVIEW_TYPES, HEADERS)
    content_type = PREVIEW_TYPES[name[name.rindex(".") :]]
    return HttpResponse(own, headers={"Content-Type": content_type, **HEADERS})
