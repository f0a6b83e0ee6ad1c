"""Problem documents for requests that the server refuses before Django sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _
from waitress.task import ErrorTask
from waitress.utilities import BadRequest

from common.problems import CONTENT_TYPE, problem


class RequestTimeout(BadRequest):
    """The request did not arrive in time (RFC 9110, section 15.5.9)."""

    code = 408
    reason = "Request Timeout"


class ProblemTask(ErrorTask):
    """Answers a request that could not be parsed or is too large; closes the connection."""

    def execute(self) -> None:
        status = int(self.request.error.code)
        body = refusal(status, self.request.headers)
        self.status = f"{status} {self.request.error.reason}"
        self.response_headers.append(("Content-Type", CONTENT_TYPE))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


def refusal(status: int, headers: Mapping[str, str]) -> bytes:
    """The problem document for ``status``, in the language that ``headers`` (waitress's upper-case names) ask for."""
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = headers.get("ACCEPT_LANGUAGE", settings.LANGUAGE_CODE)
    with translation.override(translation.get_language_from_request(request)):
        return json.dumps(_document(status), ensure_ascii=False).encode()


def _document(status: int) -> dict[str, object]:
    match status:
        case 408:
            return problem(status, code="request_timeout", detail=_("The request took too long to arrive."))
        case 413:
            return problem(status, code="body_too_large", detail=_("The body is too large."))
        case 431:
            return problem(status, code="headers_too_large", detail=_("The headers are too large."))
        case 500:
            sentence = _("Something went wrong on our side. Please try again.")
            return problem(status, code="server_error", detail=sentence)
        case _:
            return problem(status, code="bad_request", detail=_("This request cannot be understood."))


def timeout_answer(headers: Mapping[str, str]) -> bytes:
    """A whole HTTP response that ends the connection of a client that is too slow."""
    body = refusal(RequestTimeout.code, headers)
    head = (
        f"HTTP/1.1 {RequestTimeout.code} {RequestTimeout.reason}\r\n"
        f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body
