"""Every error of the JSON API in one shape: RFC 9457 problem details with a stable ``code``.

``{"type", "title", "status", "detail", "code"}`` and, for a refused form, ``errors``: a list of
``{"field", "code", "detail"}``. ``code`` is for programs; ``detail`` is for people, in the requested language.
"""

from __future__ import annotations

import http
import logging
import sys
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from common.storage import StorageError

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

# Seconds after which a client may ask again while the database or the storage does not answer.
OUTAGE_RETRY = 5

# Replacements for codes of the framework that are too general.
_CODES = {"error": "server_error", "parse_error": "malformed_body"}

# The messages of simplejwt are meant for developers, and some are not translated.
_TOKEN_SENTENCES = {
    "token_not_valid": gettext_lazy("Your session has ended. Please sign in again."),
    "no_active_account": gettext_lazy("The username or the password is wrong."),
    "user_not_found": gettext_lazy("This account does not exist any more."),
    "user_inactive": gettext_lazy("This account has been closed."),
    "password_changed": gettext_lazy("The password was changed. Please sign in again."),
    "bad_authorization_header": gettext_lazy(
        "The Authorization header must read: Bearer and the access token."
    ),
}


class Problem(exceptions.APIException):
    """A refusal with a stable ``code`` and a translated sentence; 400 unless another status is given.

    Each app derives its own class, which looks up the sentence of a code in the app's ``problems`` module.
    """

    def __init__(self, code: str, sentence: str, status_code: int = http.HTTPStatus.BAD_REQUEST) -> None:
        self.status_code = status_code
        super().__init__(sentence, code)


def problem(status: int, code: str, detail: str, **extra: Any) -> dict[str, Any]:
    """The members of one problem document (RFC 9457, section 3.1).

    ``type`` is ``about:blank``: the status names the kind of problem, ``code`` the problem itself.
    """
    return {
        "type": "about:blank",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **extra,
    }


def problem_response(status: int, code: str, detail: str) -> JsonResponse:
    """A problem response for views outside of the REST framework."""
    return JsonResponse(problem(status, code, detail), status=status, content_type=CONTENT_TYPE)


def read_only(request: HttpRequest) -> HttpResponse | None:
    """The refusal (405) of a plain view that answers GET and HEAD alone; None for those."""
    if request.method in ("GET", "HEAD"):
        return None
    refusal = exceptions.MethodNotAllowed(str(request.method))
    response = problem_response(refusal.status_code, refusal.default_code, str(refusal.detail))
    response["Allow"] = "GET, HEAD"
    return response


def field_errors(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """A validation error's nested lists and dicts, flattened; ``field`` is a dotted path, ``""`` for the whole."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            name = "" if key == "non_field_errors" else str(key)
            yield from field_errors(value, ".".join(part for part in (path, name) if part))
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            nested = isinstance(value, dict | list)
            yield from field_errors(
                value, ".".join(part for part in (path, str(index)) if part) if nested else path
            )
    else:
        yield {"field": path, "code": getattr(detail, "code", "invalid"), "detail": str(detail)}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """The REST framework's ``EXCEPTION_HANDLER``. Unknown exceptions go on to :func:`server_error`."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, IntegrityError):
        # Two requests passed validation; a constraint of the database refused the second one.
        logger.info("conflict: %s", error)
        error = _Conflict()
    elif isinstance(error, RequestDataTooBig):
        error = _TooLarge()
    elif unavailable := outage(error):
        error = unavailable
    if not isinstance(error, exceptions.APIException):
        return None
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait))
    set_rollback()
    # A problem is JSON also where the answer would have been something else, such as the schema's YAML.
    if (request := context.get("request")) is not None:
        request.accepted_renderer, request.accepted_media_type = JSONRenderer(), CONTENT_TYPE
    response = Response(_body(error), status=error.status_code, headers=headers)
    response.content_type = CONTENT_TYPE
    return response


class _Conflict(exceptions.APIException):
    status_code = http.HTTPStatus.CONFLICT
    default_code = "conflict"

    def __init__(self) -> None:
        super().__init__(_("Somebody else was faster. Reload and try again."))


class _DatabaseUnavailable(exceptions.APIException):
    status_code = http.HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "database_unavailable"
    wait = OUTAGE_RETRY

    def __init__(self) -> None:
        super().__init__(_("The school's records cannot be reached at the moment. Please try again soon."))


class _StorageUnavailable(exceptions.APIException):
    status_code = http.HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "storage_unavailable"
    wait = OUTAGE_RETRY

    def __init__(self) -> None:
        super().__init__(_("The pictures cannot be stored at the moment. Please try again later."))


def outage(error: BaseException | None) -> exceptions.APIException | None:
    """The 503 for a database that is away, locked beyond its timeout, or out of space, or a storage that is away.

    Writes a line to the log. None for any other error.
    """
    if isinstance(error, OperationalError | InterfaceError):
        logger.error(
            "the database does not answer: %s: %s", type(error).__name__, " ".join(str(error).split())
        )
        return _DatabaseUnavailable()
    if isinstance(error, StorageError):
        logger.error("the media storage cannot be used: %s", error)
        return _StorageUnavailable()
    return None


def page_or_problem(request: HttpRequest, error: exceptions.APIException) -> HttpResponse:
    """The refusal of views outside of the REST framework; one sentence where a page was asked for."""
    body = _body(error)
    response: HttpResponse
    if "text/html" in request.headers.get("Accept", ""):
        response = HttpResponse(
            body["detail"], status=error.status_code, content_type="text/plain; charset=utf-8"
        )
    else:
        response = JsonResponse(body, status=error.status_code, content_type=CONTENT_TYPE)
    if (wait := getattr(error, "wait", None)) is not None:
        response["Retry-After"] = str(int(wait))
    response["Cache-Control"] = "no-store"
    return response


class _TooLarge(exceptions.APIException):
    status_code = http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"

    def __init__(self) -> None:
        super().__init__(_("The body is too large."))


def _body(error: exceptions.APIException) -> dict[str, Any]:
    detail = error.detail
    if isinstance(error, exceptions.ValidationError):
        errors = list(field_errors(detail))
        # A single error without a field becomes the problem itself; a form's errors are listed.
        if len(errors) == 1 and not errors[0]["field"]:
            return problem(error.status_code, errors[0]["code"], errors[0]["detail"])
        summary = " ".join(dict.fromkeys(entry["detail"] for entry in errors))
        return problem(error.status_code, "invalid", summary, errors=errors)
    if isinstance(detail, dict):
        # simplejwt puts its message and code into a dict, beside details that could help an attacker.
        code = str(detail.get("code", error.default_code))
        text = str(detail.get("detail", error.default_detail))
    else:
        codes = error.get_codes()
        code = codes if isinstance(codes, str) else error.default_code
        text = " ".join(map(str, detail)) if isinstance(detail, list) else str(detail)
    if isinstance(error, exceptions.Throttled):
        text = _("Too many requests. Please try again later.")
    elif isinstance(error, exceptions.AuthenticationFailed):
        text = str(_TOKEN_SENTENCES.get(code, text))
    return problem(error.status_code, _CODES.get(code, code), text)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler400``: a request that Django refuses before any view (an unknown Host header, for example)."""
    return problem_response(400, "bad_request", _("This request cannot be understood."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler403``."""
    return problem_response(403, "permission_denied", _("You may not do this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """``handler404``: a path without a view."""
    return problem_response(404, "not_found", _("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    """``handler500``: the traceback is in the log and not in the answer. 503 where it was the database's fault."""
    if unavailable := outage(sys.exc_info()[1]):
        return page_or_problem(request, unavailable)
    return problem_response(500, "server_error", _("Something went wrong on our side. Please try again."))
