"""The paths of the service; which room answers a path is decided here and nowhere else."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config.docs import SchemaView, docs
from config.media import PUBLIC, portrait_file
from dormitory.views import EnrolView

urlpatterns: list[URLPattern | URLResolver] = [
    path("user/", include("user.urls")),
    path("user/info/", EnrolView.as_view(), name="enrol"),
    path("user/", include("portrait.urls")),
    path("admin/", admin.site.urls),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
]
if settings.SERVE_MEDIA:
    urlpatterns.append(path(f"media/{PUBLIC}/<path:name>", portrait_file, name="portrait-file"))

handler400 = "config.problems.bad_request"
handler403 = "config.problems.permission_denied"
handler404 = "config.problems.not_found"
handler500 = "config.problems.server_error"
