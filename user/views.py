"""Accounts over JSON: sign up, a pair of tokens, a fresh pair, the end of a session."""

from __future__ import annotations

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.views import TokenBlacklistView

from user import services
from user.serializers import SignUpSerializer


class SignUpView(APIView):
    """``POST /user/``."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        request=SignUpSerializer,
        responses={200: inline_serializer("SignedUp", {"messages": serializers.CharField()})},
    )
    def post(self, request: Request) -> Response:
        form = SignUpSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.sign_up(**form.validated_data)
        return Response({"messages": _("Welcome! You have signed up.")})


class LogoutView(TokenBlacklistView):
    """``POST /user/logout/`` with ``refresh``: the session ends. 401 for a token that was spent before."""

    @extend_schema(responses={200: inline_serializer("LoggedOut", {"message": serializers.CharField()})})
    def post(self, request: Request, *args: object, **kwargs: object) -> Response:
        super().post(request, *args, **kwargs)
        return Response({"message": _("You have signed out.")})
