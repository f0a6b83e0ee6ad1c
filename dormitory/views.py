"""Houses, sorting and the student card over JSON."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dormitory import selectors, services, shares
from dormitory.card import store
from dormitory.card.responses import card_response
from dormitory.models import House
from dormitory.serializers import (
    CardSerializer,
    CardShareSerializer,
    EnrolledSerializer,
    EnrolSerializer,
    HousesSerializer,
    LookSerializer,
    OpaqueQuestionsSerializer,
    QuestionsSerializer,
    RecordSerializer,
    SortedSerializer,
    SortingFormSerializer,
)
from user.models import User
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
    """``GET /dorm/question/``: the questions of the sorting, their answers in random order.

    With ``?v=2`` the answers do not reveal their houses; the front end of 2022 counts the houses itself.
    """

    VERSIONS: ClassVar = {"1": QuestionsSerializer, "2": OpaqueQuestionsSerializer}

    @extend_schema(
        parameters=[OpenApiParameter("v", str, enum=list(VERSIONS), default="1")],
        responses=PolymorphicProxySerializer(
            "AskedQuestions", [OpaqueQuestionsSerializer, QuestionsSerializer], resource_type_field_name=None
        ),
    )
    def get(self, request: Request) -> Response:
        serializer = self.VERSIONS.get(request.query_params.get("v", "1"))
        if serializer is None:
            raise ValidationError(
                {"v": [ErrorDetail(str(_("There are the versions 1 and 2.")), "unknown_version")]}
            )
        return Response(serializer({"questions": selectors.shuffled_questions()}).data)


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


class LookView(APIView):
    """``/dorm/sorting/look/``: what the sorting knows of the picture; DELETE says no to it, also afterwards."""

    def answer(self, student: User) -> Response:
        return Response(LookSerializer(selectors.look_state(student)).data)

    @extend_schema(responses=LookSerializer)
    def get(self, request: Request) -> Response:
        return self.answer(signed_in(request))

    @extend_schema(request=None, responses={200: LookSerializer})
    def delete(self, request: Request) -> Response:
        student = signed_in(request)
        services.sort_without_look(student=student)
        return self.answer(student)


def card_holder(request: Request) -> User:
    """The student of the request, who has a card. Raises NotFound (404, ``not_sorted``) before the sorting."""
    student = signed_in(request)
    selectors.house_of(student)
    if student.student_number is None:
        services.give_number(student=student)
    return student


class CardView(APIView):
    """``GET /dorm/card/``: the student card; 404 before the sorting."""

    @extend_schema(responses=CardSerializer)
    def get(self, request: Request) -> Response:
        student = card_holder(request)
        card: dict[str, Any] = {"student": student, "files": selectors.portrait_files(student)}
        return Response(CardSerializer(card, context={"request": request}).data)


class FormatIsOurs(BaseContentNegotiation):
    """Ignores ``Accept``, set by ``<img>``, and ``?format=``, the image format here; refusals are JSON."""

    def select_renderer(  # type: ignore[override]
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], str(renderers[0].media_type)


class CardImageView(APIView):
    """``GET /dorm/card/image/``: the student card as an image or a film; 404 before the sorting."""

    throttle_scope = "card"
    content_negotiation_class = FormatIsOurs

    @extend_schema(
        parameters=[
            OpenApiParameter("format", str, enum=list(store.CONTENT_TYPES), default="png"),
            OpenApiParameter("download", str),
        ],
        responses={
            **{(200, media_type): OpenApiTypes.BINARY for media_type in store.CONTENT_TYPES.values()},
            304: None,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        student = card_holder(request)
        kind = request.query_params.get("format", "png")
        if kind not in store.CONTENT_TYPES:
            raise ValidationError(
                _("The card comes as png, webp, gif, mp4, story or square."), code="unknown_format"
            )
        edition = store.edition(student, selectors.house_of(student), name=store.OWN)
        return card_response(
            request._request,
            edition,
            kind,
            name=f"student-card-{edition.facts.number}",
            download=request.query_params.get("download") == "1",
            headers={"Cache-Control": "private, no-cache"},
        )


class CardShareView(APIView):
    """``/dorm/card/share/``: whether the card is public, and where; 404 before the sorting."""

    def answer(self, request: Request, state: shares.ShareState) -> Response:
        return Response(CardShareSerializer(state, context={"request": request}).data)

    @extend_schema(responses=CardShareSerializer)
    def get(self, request: Request) -> Response:
        return self.answer(request, shares.state(card_holder(request)))

    @extend_schema(request=None, responses=CardShareSerializer)
    def post(self, request: Request) -> Response:
        return self.answer(request, shares.share(card_holder(request)))

    @extend_schema(request=None, responses={200: CardShareSerializer})
    def delete(self, request: Request) -> Response:
        return self.answer(request, shares.revoke(card_holder(request)))
