"""Browser sessions: the refresh token is in a cookie that scripts cannot read.

A page that sends ``X-Session: cookie`` gets the access token in the answer, for its memory, and the refresh token as
an ``HttpOnly``, ``SameSite=Strict`` cookie. A form or a picture on another site can send neither the header nor,
thanks to SameSite, the cookie; a script on another site may not send the header, because CORS does not list it. So a
call that takes the cookie, or sets it, always comes from a page of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.tokens import RefreshToken

from user import tokens

HEADER = "X-Session"
BY_COOKIE = "cookie"
COOKIE = "refresh"
# The path of the calls that refresh and end sessions; the cookie is not sent to others.
PATH = "/user/"

PARAMETER = OpenApiParameter(HEADER, str, OpenApiParameter.HEADER)


class NoSession(AuthenticationFailed):
    """401: the cookie is missing or no longer valid."""

    default_code = "no_session"
    default_detail = _("You are not signed in. Please sign in.")


def by_cookie(request: Request) -> bool:
    """Whether the page wants its refresh token kept in the cookie."""
    return request.headers.get(HEADER) == BY_COOKIE


def from_cookie(request: Request) -> bool:
    """Whether the call is about the cookie's token: the header is there, and no token in the body."""
    body = request.data
    return by_cookie(request) and not (isinstance(body, Mapping) and "refresh" in body)


def refresh(request: Request) -> RefreshToken:
    """The token that follows the cookie's. Raises NoSession."""
    try:
        return tokens.rotate(request.COOKIES.get(COOKIE, ""))
    except (TokenError, InvalidToken) as error:
        raise NoSession from error


def end(request: Request) -> None:
    """Blacklist the cookie's token. Raises NoSession."""
    try:
        tokens.spend(request.COOKIES.get(COOKIE, ""))
    except TokenError as error:
        raise NoSession from error


def answer(token: RefreshToken) -> Response:
    """``{"access"}`` for the page's memory, and ``token`` itself as the cookie."""
    response = Response({"access": str(token.access_token)}, headers={"Cache-Control": "no-store"})
    response.set_cookie(
        COOKIE,
        str(token),
        max_age=cast(timedelta, settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"]),
        path=PATH,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Strict",
    )
    return response


def forget(response: Response) -> Response:
    """The answer, which also deletes the cookie."""
    response.delete_cookie(COOKIE, path=PATH, samesite="Strict")
    return response
