"""``/user/portrait/previews/`` and ``/user/portrait/perform/``: what a worker makes beside portraits."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portrait import errand_selectors, errand_services
from portrait.errand_serializers import ClipSerializer, PerformanceSerializer, PreviewsSerializer
from portrait.problems import PortraitProblem
from portrait.views import refuse_oversize
from user.models import User
from user.selectors import signed_in


class PreviewsView(APIView):
    """The styles on the student's face: POST asks for them, GET is polled."""

    throttle_scope = "portrait"

    def answer(self, student: User) -> Response:
        return Response(PreviewsSerializer(errand_selectors.previews_of(student)).data)

    @extend_schema(responses=PreviewsSerializer)
    def get(self, request: Request) -> Response:
        return self.answer(signed_in(request))

    @extend_schema(request=None, responses=PreviewsSerializer)
    def post(self, request: Request) -> Response:
        student = signed_in(request)
        errand_services.ask_for_previews(student=student)
        return self.answer(student)

    def get_throttles(self) -> list[object]:  # type: ignore[override]
        return list(super().get_throttles()) if self.request.method == "POST" else []


class PerformView(APIView):
    """The motion that the student performs: POST sends a clip, GET is polled, DELETE forgets the motion."""

    parser_classes = (MultiPartParser,)
    throttle_scope = "upload"

    def answer(self, student: User) -> Response:
        return Response(PerformanceSerializer(errand_selectors.performance_of(student)).data)

    @extend_schema(responses=PerformanceSerializer)
    def get(self, request: Request) -> Response:
        return self.answer(signed_in(request))

    @extend_schema(request={"multipart/form-data": ClipSerializer}, responses=PerformanceSerializer)
    def post(self, request: Request) -> Response:
        refuse_oversize(request, "clip_too_large")
        try:
            files = request.FILES
        except exceptions.UnsupportedMediaType as error:
            raise PortraitProblem("clip_required") from error
        if list(files) != ["clip"] or len(files.getlist("clip")) != 1:
            raise PortraitProblem("clip_required")
        student = signed_in(request)
        errand_services.accept_clip(student=student, data=files["clip"].read())
        return self.answer(student)

    @extend_schema(request=None, responses={200: PerformanceSerializer})
    def delete(self, request: Request) -> Response:
        student = signed_in(request)
        errand_services.forget_performance(student=student)
        return self.answer(student)

    def get_throttles(self) -> list[object]:  # type: ignore[override]
        return list(super().get_throttles()) if self.request.method == "POST" else []
