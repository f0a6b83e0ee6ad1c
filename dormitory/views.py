"""The sorting over JSON."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dormitory import services
from dormitory.serializers import EnrolSerializer
from user.selectors import signed_in


class EnrolView(APIView):
    """``POST /user/info/``: the house and the birthday go into the student's record, portrait ready or not."""

    @extend_schema(
        request=EnrolSerializer,
        responses={200: inline_serializer("Enrolled", {"msg": serializers.CharField()})},
    )
    def post(self, request: Request) -> Response:
        form = EnrolSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.enrol(
            student=signed_in(request),
            house=form.validated_data["dormitory"],
            birthday=form.validated_data["birthday"],
        )
        return Response({"msg": "success"})
