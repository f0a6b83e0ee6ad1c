"""Paths below ``/lounge/``."""

from __future__ import annotations

from django.urls import URLPattern, path

from lounge.gallery_views import GalleryView, NewPortraitsView
from lounge.stills import still
from lounge.views import (
    BoardView,
    DeleteView,
    EditView,
    LoungeView,
    PostView,
    ReactionView,
    ReportView,
    StatsView,
)

urlpatterns: list[URLPattern] = [
    path("", LoungeView.as_view(), name="lounge"),
    path("post/", PostView.as_view(), name="lounge-post"),
    path("edit/<int:entry_id>/", EditView.as_view(), name="lounge-edit"),
    path("delete/<int:entry_id>/", DeleteView.as_view(), name="lounge-delete"),
    path("board/", BoardView.as_view(), name="lounge-board"),
    path("entries/<int:entry_id>/reaction/", ReactionView.as_view(), name="lounge-reaction"),
    path("entries/<int:entry_id>/report/", ReportView.as_view(), name="lounge-report"),
    path("gallery/", GalleryView.as_view(), name="lounge-gallery"),
    path("gallery/new/", NewPortraitsView.as_view(), name="lounge-gallery-new"),
    path("stills/<path:name>", still, name="lounge-still"),
    path("stats/", StatsView.as_view(), name="lounge-stats"),
]
