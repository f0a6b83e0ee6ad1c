"""``/user/portrait/photo/<token>/``: what a student alone sees while a portrait is being made, for an ``<img>``.

It is the cropped photo, and then the painted still, at an address that expires.
"""

from __future__ import annotations

from django.db.models import Q
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework import status

from common.file_responses import stored_file_response
from common.problems import problem_response, read_only
from portrait.engine.output.formats import MEDIA_TYPES
from portrait.files import key_of
from portrait.models import PortraitJob
from portrait.problems import describe
from user.private_pictures import ExpiredAddressError, ForgedAddressError, signed_name

PHOTO_TYPE = "image/jpeg"
# Nothing between the server and the page keeps a copy.
HEADERS = {
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Robots-Tag": "noindex",
}


@csrf_exempt
def private_photo(request: HttpRequest, token: str) -> HttpResponseBase:
    """The photo (GET and HEAD). 404 for a forged address and a photo that was deleted, 410 for an expired address."""
    if refusal := read_only(request):
        return refusal
    try:
        name = signed_name(token)
    except ForgedAddressError:
        raise Http404 from None
    except ExpiredAddressError:
        return problem_response(status.HTTP_410_GONE, "address_expired", describe("address_expired"))
    # The row decides: a closed account shows nothing more, nor does a photo that was deleted but whose file is not.
    key = key_of(name)
    jobs = PortraitJob.objects.filter(Q(still=name) | Q(poster=name), student__is_active=True)
    if key is None or not jobs.filter(key=key).exists():
        raise Http404
    media_type = MEDIA_TYPES.get(name.rpartition(".")[2], PHOTO_TYPE)
    return stored_file_response(request, name, {"Content-Type": media_type, **HEADERS})
