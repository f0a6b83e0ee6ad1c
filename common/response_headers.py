"""Middleware for headers that whole kinds of answers need: JSON is kept by no cache, and the admin has a policy."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch

from common.paths import path_of
from common.storage import media_origin

JSON = ("application/json", "application/problem+json")
Answer = Callable[[HttpRequest], HttpResponseBase]


def no_store(get_response: Answer) -> Answer:
    """``Cache-Control: no-store`` for JSON, and for any answer to a token, unless the view has said otherwise.

    A response without the header may be kept by browsers and shared caches (RFC 9111, section 4.2.2), which must not
    happen to tokens and to a student's data. Problems are included: they can be about a student as well.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        media_type = response.get("Content-Type", "").partition(";")[0]
        if media_type in JSON or "Authorization" in request.headers:
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def admin_policy(get_response: Answer) -> Answer:
    """A Content-Security-Policy without ``unsafe-inline`` for every page of the admin."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        # By path: the sign-in page is a view of its own, and a page that does not exist has no view.
        if (admin := _admin_path()) and request.path_info.startswith(admin):
            response.headers.setdefault("Content-Security-Policy", _admin_policy())
        return response

    return middleware


def _admin_policy() -> str:
    """Django's admin and the project's own templates have no inline scripts or styles. Its icons are data: URLs."""
    files = f" {origin}" if (origin := media_origin()) else ""
    return "; ".join(
        (
            "default-src 'self'",
            f"img-src 'self' data:{files}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _admin_path() -> str | None:
    """The admin's path in the URL configuration in use; None where that has no admin."""
    try:
        return path_of("admin:index")
    except NoReverseMatch:
        return None
