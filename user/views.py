"""Accounts over JSON: sign up, sign in and out, one's own record, a new password, the end of the account."""

from __future__ import annotations

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.views import TokenBlacklistView, TokenObtainPairView

from user import selectors, services
from user.selectors import signed_in
from user.serializers import ConfirmSerializer, MeSerializer, PasswordSerializer, SignUpSerializer
from user.throttles import LoginAddressThrottle, LoginThrottle


class SignUpView(APIView):
    """``POST /user/``."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
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


class LoginView(TokenObtainPairView):
    """``POST /user/api/token/`` with ``username`` and ``password``: a pair of tokens."""

    throttle_classes = (LoginThrottle, LoginAddressThrottle)
    throttle_scope = "login"


class MeView(APIView):
    """``/user/me/``: the student's own record, and its end."""

    throttle_scope = "password"

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        student = selectors.with_house(signed_in(request))
        return Response(MeSerializer(student, context={"request": request}).data)

    @extend_schema(
        request=ConfirmSerializer,
        responses={200: inline_serializer("AccountDeleted", {"message": serializers.CharField()})},
    )
    def delete(self, request: Request) -> Response:
        student = signed_in(request)
        form = ConfirmSerializer(data=request.data, context={"student": student})
        form.is_valid(raise_exception=True)
        services.delete_account(student=student)
        return Response({"message": _("Your account and everything that belonged to it is deleted.")})

    def get_throttles(self) -> list[BaseThrottle]:
        # Looking is free; proving the password is not.
        return super().get_throttles() if self.request.method == "DELETE" else []


class PasswordView(APIView):
    """``POST /user/password/``: a new password ends all sessions; the answer opens this one again."""

    throttle_scope = "password"

    @extend_schema(
        request=PasswordSerializer,
        responses={
            200: inline_serializer(
                "FreshPair", {"access": serializers.CharField(), "refresh": serializers.CharField()}
            )
        },
    )
    def post(self, request: Request) -> Response:
        student = signed_in(request)
        form = PasswordSerializer(data=request.data, context={"student": student})
        form.is_valid(raise_exception=True)
        services.change_password(student=student, password=form.validated_data["new_password"])
        token = RefreshToken.for_user(student)
        return Response({"access": str(token.access_token), "refresh": str(token)})


class LogoutView(TokenBlacklistView):
    """``POST /user/logout/`` with ``refresh``: the session ends. 401 for a token that was spent before."""

    @extend_schema(responses={200: inline_serializer("LoggedOut", {"message": serializers.CharField()})})
    def post(self, request: Request, *args: object, **kwargs: object) -> Response:
        super().post(request, *args, **kwargs)
        return Response({"message": _("You have signed out.")})
