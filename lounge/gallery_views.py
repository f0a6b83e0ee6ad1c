"""The gallery over JSON: everyone in it, and how many portraits are new."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lounge.gallery import gallery_json, painted
from lounge.gallery_serializers import (
    GalleryPageSerializer,
    GalleryQuerySerializer,
    NewPortraitsSerializer,
    SinceSerializer,
)
from lounge.views import member


class GalleryView(APIView):
    """``GET /lounge/gallery/``."""

    @extend_schema(
        parameters=[
            GalleryQuerySerializer,
            OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int),
        ],
        responses=GalleryPageSerializer,
    )
    def get(self, request: Request) -> HttpResponse:
        member(request)
        wanted = GalleryQuerySerializer(data=request.query_params.dict()).to_wanted()
        return HttpResponse(gallery_json(request, wanted), content_type="application/json")


class NewPortraitsView(APIView):
    """``GET /lounge/gallery/new/``: how many portraits were made or chosen since an earlier answer."""

    @extend_schema(parameters=[SinceSerializer], responses=NewPortraitsSerializer)
    def get(self, request: Request) -> Response:
        member(request)
        query = SinceSerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        now = timezone.now()
        count = painted(query.validated_data["since"]).count()
        return Response(NewPortraitsSerializer({"count": count, "as_of": now}).data)
