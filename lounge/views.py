"""The lounge over JSON: the guestbook, the houses, the charts. It opens with the sorting; before it, 404."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from dormitory.selectors import require_house
from lounge import selectors, services
from lounge.models import Entry
from lounge.page import lounge_json
from lounge.pagination import BoardPagination
from lounge.serializers import (
    AttentionSerializer,
    BoardEntrySerializer,
    EntrySerializer,
    LoungeSerializer,
    MessageSerializer,
    ReactionSerializer,
    ReportSerializer,
    StatsSerializer,
    WriteSerializer,
)
from user.models import User
from user.selectors import signed_in


def member(request: Request) -> User:
    """The signed-in student. Raises ``NotFound`` (404, ``not_sorted``) before the sorting, for reads and writes."""
    student = signed_in(request)
    require_house(student)
    return student


def written(request: Request) -> str:
    """The text that was sent, checked. Raises ``ValidationError`` (400)."""
    form = WriteSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    content: str = form.validated_data["content"]
    return content


def entry_response(request: Request, entry: Entry) -> Response:
    return Response(EntrySerializer(entry, context={"request": request}).data)


class PostView(APIView):
    """``POST /lounge/post/``."""

    throttle_scope = "guestbook"

    def get_throttles(self) -> list[BaseThrottle]:
        """Writing is limited; reading at the same address is not."""
        return super().get_throttles() if self.request.method == "POST" else []

    @extend_schema(request=WriteSerializer, responses=EntrySerializer)
    def post(self, request: Request) -> Response:
        author = member(request)
        return entry_response(request, services.post(author=author, content=written(request)))


class LoungeView(PostView):
    """``GET /lounge/``: all that the page of the lounge shows; ``POST /lounge/``: as ``/lounge/post/``."""

    @extend_schema(responses=LoungeSerializer)
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(lounge_json(request, member(request)), content_type="application/json")


class EditView(APIView):
    """``PUT /lounge/edit/ID/``: another text for one's own entry."""

    @extend_schema(request=WriteSerializer, responses=EntrySerializer)
    def put(self, request: Request, entry_id: int) -> Response:
        author = member(request)
        content = written(request)
        return entry_response(request, services.edit(author=author, entry_id=entry_id, content=content))


class DeleteView(APIView):
    """``DELETE /lounge/delete/ID/``: one's own entry is gone."""

    @extend_schema(responses={200: MessageSerializer})
    def delete(self, request: Request, entry_id: int) -> Response:
        services.delete(author=member(request), entry_id=entry_id)
        return Response({"message": _("Deleted!")})


class BoardView(ListAPIView[Entry]):
    """``GET /lounge/board/``: the whole board, newest first, page by page (``cursor``, ``page_size`` up to 100)."""

    serializer_class = BoardEntrySerializer
    pagination_class = BoardPagination
    queryset = selectors.visible_entries(house_names=True)

    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        student = member(request)
        entries: Any = self.paginate_queryset(self.get_queryset())
        attention = selectors.attention([entry.pk for entry in entries], student)
        context = {**self.get_serializer_context(), "attention": attention}
        return self.get_paginated_response(BoardEntrySerializer(entries, many=True, context=context).data)


class ReactionView(APIView):
    """``/lounge/entries/ID/reaction/``: the student's own reaction to an entry."""

    throttle_scope = "reaction"

    @extend_schema(request=ReactionSerializer, responses=AttentionSerializer)
    def put(self, request: Request, entry_id: int) -> Response:
        student = member(request)
        form = ReactionSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.react(student=student, entry_id=entry_id, kind=form.validated_data["reaction"])
        return self.answer(entry_id, student)

    @extend_schema(responses={200: AttentionSerializer})
    def delete(self, request: Request, entry_id: int) -> Response:
        student = member(request)
        services.take_back_reaction(student=student, entry_id=entry_id)
        return self.answer(entry_id, student)

    def answer(self, entry_id: int, student: User) -> Response:
        return Response(AttentionSerializer(selectors.attention([entry_id], student)[entry_id]).data)


class ReportView(APIView):
    """``POST /lounge/entries/ID/report/``: staff should look at an entry."""

    throttle_scope = "reaction"

    @extend_schema(request=ReportSerializer, responses=MessageSerializer)
    def post(self, request: Request, entry_id: int) -> Response:
        student = member(request)
        form = ReportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.report(student=student, entry_id=entry_id, **form.validated_data)
        return Response({"message": _("Thank you. Staff will look at it.")})


class StatsView(APIView):
    """``GET /lounge/stats/``: students and entries per house, entries per day of the last 30 days."""

    @extend_schema(responses=StatsSerializer)
    def get(self, request: Request) -> Response:
        member(request)
        stats = {"houses": selectors.houses_with_counts(), "days": selectors.entries_per_day()}
        return Response(StatsSerializer(stats).data)
