"""``/user/recovery/``: a link for those who forgot their password, and the new password by that link."""

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

from common.counted_views import CountsOutcomes
from common.fields import origin
from common.problems import Problem
from user import recovery, services, sessions
from user.serializers import (
    ByEmailSerializer,
    ForgottenSerializer,
    PairAnswerSerializer,
    RecoveredSerializer,
    link_invalid,
)
from user.throttles import RecoveryAddressThrottle, RecoveryThrottle
from user.views import opened


class RecoveryView(APIView):
    """``GET /user/recovery/`` says how a link is had; ``POST`` sends one by e-mail."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (RecoveryThrottle, RecoveryAddressThrottle)
    throttle_scope = "recovery"

    @extend_schema(responses=ByEmailSerializer)
    def get(self, request: Request) -> Response:
        return Response(ByEmailSerializer({"by_email": recovery.by_email()}).data)

    @extend_schema(
        request=ForgottenSerializer,
        responses={200: inline_serializer("LinkSent", {"message": serializers.CharField()})},
    )
    def post(self, request: Request) -> Response:
        form = ForgottenSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        if not recovery.by_email():
            raise Problem(
                "recovery_by_staff",
                _("This school sends no e-mails. Ask its staff for a link."),
                http.HTTPStatus.CONFLICT,
            )
        try:
            recovery.send_links(form.validated_data["username"], origin(request))
        except recovery.MailError as error:
            raise Problem(
                "mail_unavailable",
                _("The e-mail cannot be sent at the moment. Please try again later."),
                http.HTTPStatus.SERVICE_UNAVAILABLE,
            ) from error
        # The same for those who have no account or no address: no one learns whose there is.
        return Response({"message": _("If the account has an e-mail address, a link is on its way.")})

    def get_throttles(self) -> list[BaseThrottle]:
        return super().get_throttles() if self.request.method == "POST" else []


class RecoveredView(CountsOutcomes):
    """``POST /user/recovery/password/``: the link and a new password open a session; all others end."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (RecoveryAddressThrottle,)
    throttle_scope = "recovery-address"

    @extend_schema(
        parameters=[sessions.PARAMETER], request=RecoveredSerializer, responses={200: PairAnswerSerializer}
    )
    def post(self, request: Request) -> Response:
        form = RecoveredSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        student = form.validated_data["link"]
        try:
            services.change_password(student=student, password=form.validated_data["new_password"])
        except AuthenticationFailed as error:
            # A second request with the same link was faster.
            raise serializers.ValidationError({"link": [link_invalid()]}) from error
        return opened(request, student)

    def counts(self, response: Response) -> bool:
        return response.status_code == http.HTTPStatus.BAD_REQUEST
