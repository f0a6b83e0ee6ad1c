"""``/healthz``, ``/readyz`` and ``/metrics``: for the programs that watch the service.

A middleware before all others answers them: those programs ask each process by its own address, which is none of
``ALLOWED_HOSTS``, and without HTTPS.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext as _
from prometheus_client import CONTENT_TYPE_LATEST

from common import metrics
from common.health import OK, readiness
from common.listening import is_loopback
from common.problems import problem_response, read_only

# What a proxy says of the client behind it.
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")


def operations(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: answer the three paths."""
    answers = {"/healthz": healthz, "/readyz": readyz, "/metrics": scrape}

    def middleware(request: HttpRequest) -> HttpResponseBase:
        answer = answers.get(request.path_info)
        if answer is None:
            return get_response(request)
        # The middleware that chooses the language comes later.
        with translation.override(translation.get_language_from_request(request)):
            response = read_only(request) or answer(request)
        response["Cache-Control"] = "no-store"
        return response

    return middleware


def healthz(request: HttpRequest) -> HttpResponse:
    """200: the process answers requests. Touches neither database nor storage."""
    return JsonResponse({"status": OK})


def readyz(request: HttpRequest) -> HttpResponse:
    """200 where every probe is ``ok``, else 503; one line of JSON for each."""
    outcomes = readiness.outcomes()
    ready = all(outcome == OK for outcome in outcomes.values())
    body = {"status": OK if ready else "not ready", **outcomes}
    return JsonResponse(body, status=200 if ready else 503, json_dumps_params={"indent": 0})


def scrape(request: HttpRequest) -> HttpResponse:
    """The numbers, for who has ``METRICS_TOKEN``, or without one for programs on this machine."""
    if settings.METRICS_TOKEN:
        sent = request.META.get("HTTP_AUTHORIZATION", "")
        if not hmac.compare_digest(sent.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
            refusal = problem_response(
                401, "not_authenticated", _("The token of the metrics is missing or wrong.")
            )
            refusal["WWW-Authenticate"] = "Bearer"
            return refusal
    elif not _is_of_this_machine(request):
        return problem_response(403, "permission_denied", _("You may not do this."))
    return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


def _is_of_this_machine(request: HttpRequest) -> bool:
    """Whether the client is a program on this machine, and no proxy that speaks for others."""
    proxied = settings.HTTPS or settings.REST_FRAMEWORK["NUM_PROXIES"]
    return (
        not proxied
        and not any(name in request.META for name in FORWARDED)
        and is_loopback(request.META.get("REMOTE_ADDR", ""))
    )
