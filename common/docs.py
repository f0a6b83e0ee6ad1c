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


# Exempt, so that a POST is refused with 405 and not for its missing CSRF token.
@csrf_exempt
def docs(request: HttpRequest) -> HttpResponse:
    """``GET /docs/``: Swagger UI out of the installed package, so that it works without the internet.

    Its Content-Security-Policy forbids resources of other hosts; its two inline elements carry the nonce of this
    response.
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
