"""The first frame of a tile as a small picture: thirty of them weigh less than two tiles.

A frame is encoded again when it is first asked for, in some milliseconds, and kept in memory and by the browsers.
"""

from __future__ import annotations

import io
import re
from functools import lru_cache

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from PIL import Image

from common import media as public
from common.paths import path_of
from common.problems import read_only
from common.storage import media
from portrait.files import PORTRAITS

# Of libwebp; a still of 192 pixels has some five kilobytes.
QUALITY = 62
# Five kilobytes each.
KEPT = 2048
# The names of results: a hexadecimal key, and a number with a random end.
_NAME = re.compile(r"[0-9a-f]{32}/\d+-[0-9a-f]+\.webp")
# Stands for the name in the path of an address.
_PLACE = "PLACE"


def still_url(tile: str) -> str:
    """The URL path of the first frame of the stored ``tile``."""
    return path_of("lounge-still", _PLACE).replace(_PLACE, tile.removeprefix(f"{PORTRAITS}/"))


@csrf_exempt
def still(request: HttpRequest, name: str) -> HttpResponseBase:
    """``GET /lounge/stills/<key>/<file>.webp``: public, as the tile is, and never changed."""
    if refusal := read_only(request):
        return refusal
    if not _NAME.fullmatch(name):
        raise Http404
    try:
        data = first_frame(f"{PORTRAITS}/{name}")
    except FileNotFoundError:
        raise Http404 from None
    return HttpResponse(data, content_type="image/webp", headers=public.HEADERS)


@lru_cache(maxsize=KEPT)
def first_frame(name: str) -> bytes:
    """The first frame of a stored WebP as a WebP file, with its statement that a machine painted it.

    Raises FileNotFoundError.
    """
    out = io.BytesIO()
    with Image.open(io.BytesIO(media().read(name)), formats=["WEBP"]) as film:
        frame = film.convert("RGB")
        frame.save(out, "WEBP", quality=QUALITY, method=4, xmp=film.info.get("xmp", b""))
    return out.getvalue()
