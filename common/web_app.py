"""What makes the page an app that can be installed: its manifest and its service worker, at addresses that stay.

The service worker names its edition and the files that it keeps, so that it is another script with every release.
"""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from common import web_edition
from common.page import CONTENT_TYPES, page_headers

# Of the page's night sky, behind the first picture of an installed app.
COLOUR = "#0f1126"
# Name below web/art/, side in pixels, and what the drawing is good for (W3C manifest, "purpose").
ICONS = (
    ("app-192.png", 192, "any"),
    ("app-512.png", 512, "any"),
    ("app-maskable-512.png", 512, "maskable"),
)


@csrf_exempt
def manifest(request: HttpRequest) -> HttpResponseBase:
    """``GET /app.webmanifest``: in the language of ``lang``, which is the page's, else of the request."""
    known = dict(settings.LANGUAGES)
    chosen = request.GET.get("lang", "")
    language = chosen if chosen in known else translation.get_language() or settings.LANGUAGE_CODE
    with translation.override(language):
        data = json.dumps(_manifest(language), ensure_ascii=False).encode()
    headers = {
        **page_headers(),
        "Content-Type": CONTENT_TYPES[".webmanifest"],
        "Content-Language": language,
    }
    response = web_edition.zipped(request, data, headers)
    patch_vary_headers(response, ["Accept-Language"])
    return response


def _manifest(language: str) -> dict[str, Any]:
    """W3C Web Application Manifest, in the active language. ``id`` keeps the app the same one in every language."""
    return {
        "id": "/",
        "name": _("Moving Portraits School of Magic"),
        "short_name": _("Portraits"),
        "description": _("A photo becomes a painted portrait that moves."),
        "lang": language,
        "dir": "rtl" if translation.get_language_bidi() else "ltr",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": COLOUR,
        "theme_color": COLOUR,
        "categories": ["education", "entertainment"],
        "icons": [
            {"src": f"/web/art/{name}", "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
            for name, side, purpose in ICONS
        ],
    }


@csrf_exempt
def service_worker(request: HttpRequest) -> HttpResponseBase:
    """``GET /service-worker.js``: at the root, so that the whole site is its scope."""
    root = settings.WEB_ROOT
    text = (root / "service-worker.js").read_text(encoding="utf-8")
    values = {"EDITION": web_edition.digest(root), "FILES": list(web_edition.first_files(root))}
    for name, value in values.items():
        text = text.replace(f"self.{name}", json.dumps(value), 1)
    headers = {**page_headers(), "Content-Type": CONTENT_TYPES[".js"]}
    return web_edition.zipped(request, text.encode(), headers)
