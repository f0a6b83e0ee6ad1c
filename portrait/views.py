"""``/user/main/`` and ``/user/portrait/``: a photo in, its portrait's state out."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.fields import origin
from portrait import choices, forms, selectors, services
from portrait.engine.errors import EngineError
from portrait.engine.photo.decoding import MAX_BYTES
from portrait.models import PortraitJob
from portrait.problems import PortraitProblem
from portrait.queue.projection import KEPT
from portrait.serializers import (
    AcceptedSerializer,
    AgainSerializer,
    ChosenSerializer,
    HistorySerializer,
    OptionsSerializer,
    RetrySerializer,
    StatusSerializer,
    UploadSerializer,
    status_body,
)
from user.models import User
from user.selectors import signed_in

# Boundaries, headers and the small fields around the photo.
FORM_BYTES = 64 * 1024
MAX_BODY_BYTES = MAX_BYTES + FORM_BYTES
# A body that is too large is read to its end up to this size: a server that closes the connection while the browser
# is still sending makes it show a network error instead of our answer.
DRAIN_BYTES = 64 * 1024 * 1024

# Of the student's record: what ``User.own_picture`` is made of.
SHOWN_COLUMNS = ("still", "portrait", "poster")

Choice = TypeVar("Choice")


class UploadView(APIView):
    """``POST /user/main/``: answers as soon as photo and job are stored."""

    parser_classes = (MultiPartParser,)
    throttle_scope = "upload"

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses=AcceptedSerializer)
    def post(self, request: Request) -> Response:
        refuse_oversize(request)
        try:
            form, files = request.POST, request.FILES
        except exceptions.UnsupportedMediaType as error:
            raise PortraitProblem("multipart_required") from error
        sent = [file for name in files for file in files.getlist(name)]
        faults: forms.Faults = {}
        asked = forms.read_request(form.dict(), faults)
        choice = forms.read_choice(form.dict(), faults)
        look = forms.read_look(form.get("look", ""), faults)
        if "pic" not in files:
            faults["pic"] = "photo_required"
        elif len(sent) != 1:
            faults["pic"] = "one_photo_only"
        elif sent[0].size > MAX_BYTES:
            faults["pic"] = "photo_too_large"
        elif faults and (code := services.fault_of_photo(sent[0].read(), choice)):
            faults[forms.field_of(code)] = code
        forms.refuse(faults)
        job = services.accept_photo(
            student=signed_in(request), data=sent[0].read(), request=asked, choice=choice, look=look
        )
        answer = {"msg": "send", "job": job.pk, **selectors.photo_report(job)}
        return Response(AcceptedSerializer(answer).data)


def refuse_oversize(request: Request, code: str = "photo_too_large") -> None:
    """Refuse a body that is too large by its announced length, with ``code``, before anything of it is stored."""
    announced = str(request.META.get("CONTENT_LENGTH") or "")
    length = int(announced) if announced.isascii() and announced.isdigit() else 0
    if length <= MAX_BODY_BYTES:
        return
    if length <= DRAIN_BYTES:
        # The server of manage.py serve has read and discarded it already, and says so.
        with contextlib.suppress(RequestDataTooBig):
            while request.stream.read(64 * 1024):
                pass
    raise PortraitProblem(code)


def status_response(request: Request, student: User) -> HttpResponse:
    """The portrait's state with a strong ETag of its contents; 304 where the client has them already."""
    state = selectors.portrait_status(student)
    body = status_body(state, origin(request))
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response: Any = HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    if state["poll_after"] is not None:
        response["Retry-After"] = str(state["poll_after"])
    if request.method in ("GET", "HEAD"):
        response = get_conditional_response(request._request, etag=etag, response=response)
    return response


class PortraitView(APIView):
    """``GET /user/portrait/``: made to be polled."""

    @extend_schema(responses={200: StatusSerializer, 304: None})
    def get(self, request: Request) -> HttpResponse:
        return status_response(request, signed_in(request))


class RetryView(APIView):
    """``POST /user/portrait/retry/``: the same photo again, after a failure or a cancellation; 409 otherwise."""

    throttle_scope = "upload"

    @extend_schema(request=RetrySerializer, responses=StatusSerializer)
    def post(self, request: Request) -> HttpResponse:
        student = signed_in(request)
        form = RetrySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        faults: forms.Faults = {}
        choice = forms.read_choice(form.validated_data, faults)
        forms.refuse(faults)
        services.retry_portrait(student=student, choice=choice)
        student.refresh_from_db(fields=SHOWN_COLUMNS)
        return status_response(request, student)


class CancelView(APIView):
    """``POST /user/portrait/cancel/``: while it is queued or running; 409 otherwise."""

    throttle_scope = "portrait"

    @extend_schema(request=None, responses=StatusSerializer)
    def post(self, request: Request) -> HttpResponse:
        student = signed_in(request)
        services.cancel_portrait(student=student)
        student.refresh_from_db(fields=SHOWN_COLUMNS)
        return status_response(request, student)


class AgainView(APIView):
    """``POST /user/portrait/again/``: another portrait of the same photo, in another style or motion."""

    throttle_scope = "upload"

    @extend_schema(request=AgainSerializer, responses=StatusSerializer)
    def post(self, request: Request) -> HttpResponse:
        student = signed_in(request)
        form = AgainSerializer(data=request.data)
        form.is_valid()
        forms.refuse(form.wrong, form.errors)
        services.make_another(student=student, request=form.asked, choice=form.choice)
        student.refresh_from_db(fields=SHOWN_COLUMNS)
        return status_response(request, student)


def history_response(request: Request, student: User) -> Response:
    history = {"kept": KEPT, "portraits": selectors.portraits_of(student)}
    return Response(HistorySerializer(history, context={"request": request}).data)


class HistoryView(APIView):
    """``GET /user/portrait/history/``: the portraits that the student can go back to."""

    @extend_schema(responses=HistorySerializer)
    def get(self, request: Request) -> Response:
        return history_response(request, signed_in(request))


class ChooseView(APIView):
    """``POST /user/portrait/choose/``: one of them is the student's portrait again."""

    throttle_scope = "portrait"

    @extend_schema(request=ChosenSerializer, responses=HistorySerializer)
    def post(self, request: Request) -> Response:
        student = signed_in(request)
        form = ChosenSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.choose_portrait(student=student, job_id=form.validated_data["id"])
        student.refresh_from_db(fields=SHOWN_COLUMNS)
        return history_response(request, student)


class OptionsView(APIView):
    """``GET /user/portrait/options/``: what may be sent along with a photo, and how long that is kept."""

    @extend_schema(responses=OptionsSerializer)
    def get(self, request: Request) -> Response:
        try:
            options = {
                "styles": choices.offered_styles(),
                "motions": choices.motions(),
                **choices.numbers(),
                "photo_kept_days": settings.PORTRAIT["PHOTO_DAYS"],
                "orders": [{"name": order.value, "title": str(order.label)} for order in PortraitJob.Order],
            }
        except EngineError as error:
            raise PortraitProblem("catalogue_unavailable", status.HTTP_503_SERVICE_UNAVAILABLE) from error
        return Response(OptionsSerializer(options, context={"request": request}).data)
