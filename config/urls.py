"""The URL configuration of the service: which app answers which path."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from common.docs import SchemaView, docs
from common.media import public_file
from common.page import favicon, home, live, part
from common.web_app import manifest, service_worker
from dormitory.shared_card_pages import shared_card, shared_card_image
from dormitory.views import EnrolView
from lounge.wall_views import wall_page, wall_portraits
from user.admin_sign_in import sign_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("favicon.ico", favicon, name="favicon"),
    path("app.webmanifest", manifest, name="manifest"),
    path("service-worker.js", service_worker, name="service-worker"),
    path("live/", live, name="live"),
    path("web/<path:name>", part, name="web"),
    path("user/", include("user.urls")),
    path("user/info/", EnrolView.as_view(), name="enrol"),
    path("user/", include("portrait.urls")),
    path("dorm/", include("dormitory.urls")),
    path("card/<str:token>/", shared_card, name="shared-card"),
    path("card/<str:token>/image.<str:kind>", shared_card_image, name="shared-card-image"),
    path("lounge/", include("lounge.urls")),
    path("wall/", wall_page, name="wall"),
    path("wall/portraits/", wall_portraits, name="wall-portraits"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    # Before the admin's own, which has no limit.
    path("admin/login/", sign_in, name="admin-sign-in"),
    path("admin/", admin.site.urls),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
]
if settings.SERVE_MEDIA:
    urlpatterns += [
        path(f"media/{folder}/<path:name>", public_file, {"folder": folder}, name=f"{folder}-file")
        for folder in settings.PUBLIC_MEDIA
    ]

handler400 = "common.problems.bad_request"
handler403 = "common.problems.permission_denied"
handler404 = "common.problems.not_found"
handler500 = "common.problems.server_error"
