"""Answers while the database or the media storage is away, locked, or out of space: 503 with Retry-After.

The REST framework's views are answered by :func:`common.problems.exception_handler`, other views by the middleware,
and faults in other middleware (the session's, for example) by ``handler500``.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from common.problems import outage, page_or_problem


class OutageMiddleware:
    """Answers a view's fault of the database or the storage with 503, also under ``DEBUG``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        problem = outage(exception)
        return page_or_problem(request, problem) if problem else None
