"""Portrait paths below ``/user/``."""

from __future__ import annotations

from django.urls import URLPattern, path

from portrait.errand_views import PerformView, PreviewsView
from portrait.events_view import EventsView
from portrait.photo_view import private_photo
from portrait.preview_view import preview_picture
from portrait.views import (
    AgainView,
    CancelView,
    ChooseView,
    HistoryView,
    OptionsView,
    PortraitView,
    RetryView,
    UploadView,
)

urlpatterns: list[URLPattern] = [
    path("main/", UploadView.as_view(), name="upload"),
    path("portrait/", PortraitView.as_view(), name="portrait"),
    path("portrait/events", EventsView.as_view(), name="portrait-events"),
    path("portrait/retry/", RetryView.as_view(), name="portrait-retry"),
    path("portrait/cancel/", CancelView.as_view(), name="portrait-cancel"),
    path("portrait/again/", AgainView.as_view(), name="portrait-again"),
    path("portrait/history/", HistoryView.as_view(), name="portrait-history"),
    path("portrait/choose/", ChooseView.as_view(), name="portrait-choose"),
    path("portrait/photo/<str:token>/", private_photo, name="portrait-photo"),
    path("portrait/previews/", PreviewsView.as_view(), name="own-previews"),
    path("portrait/perform/", PerformView.as_view(), name="portrait-perform"),
    path("portrait/previews/<str:kind>/<str:name>", preview_picture, name="portrait-preview"),
    path("portrait/options/", OptionsView.as_view(), name="portrait-options"),
]
