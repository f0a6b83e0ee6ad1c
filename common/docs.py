"""``/schema/`` and ``/docs/``: the API's description for programs, and Swagger UI around it for people."""

from __future__ import annotations

import secrets

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView

from common.problems import read_only


class SchemaView(SpectacularAPIView):
    """``GET /schema/``: OpenAPI 3.1 as YAML, or as JSON with ``?format=json``; public."""

    authentication_classes = ()
    permission_classes = ()


# Nothing here takes a POST; without this, the answer to one would be about forms and not about methods.
@csrf_exempt
def docs(request: HttpRequest) -> HttpResponse:
    """``GET /docs/``: Swagger UI out of the installed package, so that it works without the internet.

    The page loads nothing from elsewhere and says so in its Content-Security-Policy; its two inline pieces carry
    the nonce of this one answer.
    """
    if refusal := read_only(request):
        return refusal
    nonce = secrets.token_urlsafe(16)
    page = render(request, "docs.html", {"nonce": nonce})
    page["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data: blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page
