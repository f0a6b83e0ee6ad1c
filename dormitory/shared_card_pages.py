"""``/card/<token>/``: a shared student card, for visitors without an account and for link previews."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from rest_framework.exceptions import APIException

from common.characters import isolated
from dormitory import shares
from dormitory.card.drawing import HEIGHT, WIDTH
from dormitory.card.responses import card_response
from dormitory.card.store import CONTENT_TYPES

HEADERS = {
    # Revalidated each time, so that revoking has an immediate effect.
    "Cache-Control": "private, no-cache",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    # The URL is the credential; it must not leak by the Referer header.
    "Referrer-Policy": "no-referrer",
}
POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@csrf_exempt
@require_safe
def shared_card(request: HttpRequest, token: str) -> HttpResponse:
    """The page with the card; a 404 page for an unknown or revoked address."""
    try:
        edition = shares.shared_card(token)
    except Http404:
        return _page(request, "card/gone.html", {}, status=404)
    pictures = {
        kind: reverse("shared-card-image", args=[token, kind]) + f"?v={edition.key[:12]}"
        for kind in CONTENT_TYPES
    }
    facts = edition.facts
    context: dict[str, object] = {
        "name": isolated(facts.fullname),
        "house": facts.house,
        "number": facts.number,
        "admitted": facts.join_date,
        "moving": facts.moving,
        "pictures": pictures,
        "url": request.build_absolute_uri(reverse("shared-card", args=[token])),
        "picture_url": request.build_absolute_uri(pictures["png"]),
        "width": WIDTH,
        "height": HEIGHT,
    }
    return _page(request, "card/shared.html", context)


@csrf_exempt
@require_safe
def shared_card_image(request: HttpRequest, token: str, kind: str) -> HttpResponseBase:
    """The card as ``image.png``, ``.webp``, ``.gif`` or ``.mp4``."""
    if kind not in CONTENT_TYPES:
        raise Http404
    edition = shares.shared_card(token)
    try:
        return card_response(
            request,
            edition,
            kind,
            name=f"student-card-{edition.facts.number}",
            download=False,
            headers=HEADERS,
        )
    except APIException as error:
        response = HttpResponse(status=error.status_code, headers={"Cache-Control": "no-store"})
        if (wait := getattr(error, "wait", None)) is not None:
            response["Retry-After"] = str(wait)
        return response


def _page(request: HttpRequest, template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    response = render(request, template, context, status=status)
    for header, value in {**HEADERS, "Content-Security-Policy": POLICY}.items():
        response[header] = value
    return response
