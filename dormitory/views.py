"""Houses, sorting and the student card over JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dormitory import selectors, services
from dormitory.models import House
from dormitory.serializers import (
    CardSerializer,
    EnrolledSerializer,
    EnrolSerializer,
    HousesSerializer,
    QuestionsSerializer,
    RecordSerializer,
    SortedSerializer,
    SortingFormSerializer,
)
from user.selectors import signed_in


class EnrolView(APIView):
    """``POST /user/info/``: the house and the birthday go into the student's record, portrait ready or not."""

    @extend_schema(request=EnrolSerializer, responses=EnrolledSerializer)
    def post(self, request: Request) -> Response:
        form = EnrolSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.enrol(
            student=signed_in(request),
            house=form.validated_data["dormitory"],
            birthday=form.validated_data["birthday"],
        )
        return Response({"msg": "success"})


class HousesView(APIView):
    """``GET /dorm/houses/``: what a student may prefer."""

    @extend_schema(responses=HousesSerializer)
    def get(self, request: Request) -> Response:
        houses = {"houses": House.objects.all()}
        return Response(HousesSerializer(houses, context={"request": request}).data)


class QuestionView(APIView):
    """``GET /dorm/question/``: the questions of the sorting, their answers in random order."""

    @extend_schema(responses=QuestionsSerializer)
    def get(self, request: Request) -> Response:
        return Response(QuestionsSerializer({"questions": selectors.shuffled_questions()}).data)


class RecordView(APIView):
    """``GET /dorm/myroom/``: the student's record; 404 before the sorting."""

    @extend_schema(responses=RecordSerializer)
    def get(self, request: Request) -> Response:
        student = signed_in(request)
        selectors.house_of(student)
        return Response(RecordSerializer(student, context={"request": request}).data)


class SortingView(RecordView):
    """``GET /dorm/sorting/`` answers as ``/dorm/myroom/`` does; ``POST`` has the server count the answers."""

    @extend_schema(request=SortingFormSerializer, responses=SortedSerializer)
    def post(self, request: Request) -> Response:
        form = SortingFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        result = services.sort(student=signed_in(request), **form.validated_data)
        return Response(SortedSerializer(result, context={"request": request}).data)


class CardView(APIView):
    """``GET /dorm/card/``: the student card; 404 before the sorting."""

    @extend_schema(responses=CardSerializer)
    def get(self, request: Request) -> Response:
        student = signed_in(request)
        selectors.house_of(student)
        if student.student_number is None:
            services.give_number(student=student)
        card: dict[str, Any] = {"student": student, "files": selectors.portrait_files(student)}
        return Response(CardSerializer(card, context={"request": request}).data)
