"""Accounts over JSON: sign up, sign in and out, the own record, the password, deleting the account."""

from __future__ import annotations

import http

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.views import TokenBlacklistView, TokenObtainPairView, TokenRefreshView

from common.counted_views import CountsOutcomes
from user import selectors, services, sessions
from user.models import User
from user.selectors import signed_in
from user.serializers import (
    ChangesSerializer,
    ConfirmSerializer,
    MeSerializer,
    PairAnswerSerializer,
    PasswordSerializer,
    SignUpSerializer,
    SpentSerializer,
)
from user.sign_in_log import log_failure
from user.throttles import (
    ClassSignUpThrottle,
    LoginAddressThrottle,
    LoginThrottle,
    SignUpThrottle,
    sent_join_code,
)
from user.tokens import PairSerializer, issue


class SignUpView(CountsOutcomes):
    """``POST /user/``."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes: tuple[type[BaseThrottle], ...] = (SignUpThrottle,)
    throttle_scope = "sign-up"

    @extend_schema(
        request=SignUpSerializer,
        responses={200: inline_serializer("SignedUp", {"messages": serializers.CharField()})},
    )
    def post(self, request: Request) -> Response:
        form = SignUpSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.sign_up(**form.validated_data)
        return Response({"messages": _("Welcome! You have signed up.")})

    def get_throttles(self) -> list[BaseThrottle]:
        """Who has the code of a class is counted with the class; its network is that of the whole school."""
        request: Request | None = self.request
        if request is not None and selectors.class_of_code(sent_join_code(request)):
            self.throttle_classes = (ClassSignUpThrottle,)
        return super().get_throttles()

    def counts(self, response: Response) -> bool:
        # A mistyped form costs little and is no account.
        return response.status_code == http.HTTPStatus.OK


class LoginView(CountsOutcomes, TokenObtainPairView):
    """``POST /user/api/token/`` with ``username`` and ``password``: a pair of tokens, or a browser's session."""

    throttle_classes = (LoginThrottle, LoginAddressThrottle)
    throttle_scope = "login"

    @extend_schema(
        parameters=[sessions.PARAMETER], request=PairSerializer, responses={200: PairAnswerSerializer}
    )
    def post(self, request: Request, *args: object, **kwargs: object) -> Response:
        try:
            response = super().post(request, *args, **kwargs)
        except AuthenticationFailed:
            log_failure(request, "api")
            raise
        if sessions.by_cookie(request):
            return sessions.answer(RefreshToken(response.data["refresh"]))
        return response

    def counts(self, response: Response) -> bool:
        return response.status_code in (http.HTTPStatus.BAD_REQUEST, http.HTTPStatus.UNAUTHORIZED)


class ForgetsCookie:
    """Deletes the cookie of an invalid session."""

    def handle_exception(self, error: Exception) -> Response:
        response: Response = super().handle_exception(error)  # type: ignore[misc]
        return sessions.forget(response) if isinstance(error, sessions.NoSession) else response


class RefreshView(ForgetsCookie, TokenRefreshView):
    """``POST /user/api/token/refresh/`` with ``refresh``, or with the cookie of a browser's session."""

    @extend_schema(
        parameters=[sessions.PARAMETER], request=SpentSerializer, responses={200: PairAnswerSerializer}
    )
    def post(self, request: Request, *args: object, **kwargs: object) -> Response:
        if sessions.from_cookie(request):
            return sessions.answer(sessions.refresh(request))
        return super().post(request, *args, **kwargs)


class MeView(APIView):
    """``/user/me/``: the student's own record, changes of it, and its end."""

    throttle_scope = "password"

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        student = selectors.with_house(signed_in(request))
        return Response(MeSerializer(student, context={"request": request}).data)

    @extend_schema(request=ChangesSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        student = signed_in(request)
        form = ChangesSerializer(data=request.data, context={"student": student})
        form.is_valid(raise_exception=True)
        changes = {name: value for name, value in form.validated_data.items() if name != "password"}
        services.change_record(student=student, **changes)
        return self.get(request)

    @extend_schema(
        request=ConfirmSerializer,
        responses={200: inline_serializer("AccountDeleted", {"message": serializers.CharField()})},
    )
    def delete(self, request: Request) -> Response:
        student = signed_in(request)
        form = ConfirmSerializer(data=request.data, context={"student": student})
        form.is_valid(raise_exception=True)
        services.delete_account(student=student)
        response = Response({"message": _("Your account and everything that belonged to it is deleted.")})
        return sessions.forget(response) if sessions.by_cookie(request) else response

    def get_throttles(self) -> list[BaseThrottle]:
        # Only what checks the password is limited.
        return super().get_throttles() if self.request.method in ("DELETE", "PATCH") else []


class PasswordView(APIView):
    """``POST /user/password/``: a new password ends all sessions; the answer opens this one again."""

    throttle_scope = "password"

    @extend_schema(
        parameters=[sessions.PARAMETER], request=PasswordSerializer, responses={200: PairAnswerSerializer}
    )
    def post(self, request: Request) -> Response:
        student = signed_in(request)
        form = PasswordSerializer(data=request.data, context={"student": student})
        form.is_valid(raise_exception=True)
        services.change_password(student=student, password=form.validated_data["new_password"])
        return opened(request, student)


def opened(request: Request, student: User) -> Response:
    """A new session of the student: a pair of tokens, or an access token and the cookie."""
    token = issue(student)
    if sessions.by_cookie(request):
        return sessions.answer(token)
    return Response({"access": str(token.access_token), "refresh": str(token)})


class LogoutView(ForgetsCookie, TokenBlacklistView):
    """``POST /user/logout/`` with ``refresh`` or the cookie: the session ends. 401 for one that has ended before."""

    @extend_schema(
        parameters=[sessions.PARAMETER],
        request=SpentSerializer,
        responses={200: inline_serializer("LoggedOut", {"message": serializers.CharField()})},
    )
    def post(self, request: Request, *args: object, **kwargs: object) -> Response:
        by_cookie = sessions.from_cookie(request)
        if by_cookie:
            sessions.end(request)
        else:
            super().post(request, *args, **kwargs)
        response = Response({"message": _("You have signed out.")})
        return sessions.forget(response) if by_cookie else response
