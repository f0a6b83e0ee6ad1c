"""The admin's front page: the school's name, and how the portrait queue is doing."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _


class SchoolAdminConfig(AdminConfig):
    """Stands in ``INSTALLED_APPS`` instead of ``django.contrib.admin``."""

    default_site = "common.admin_site.SchoolAdminSite"


class SchoolAdminSite(admin.AdminSite):
    site_header = _("School office")
    site_title = _("School office")
    index_title = _("Overview")
    index_template = "admin/school_index.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The list of models, and for those who may see the portrait jobs a line about their queue."""
        # Models cannot be imported while the apps are being loaded, which is when this module is.
        from portrait.queue.overview import queue_overview

        context = dict(extra_context or {})
        if request.user.has_perm("portrait.view_portraitjob"):
            context["queue"] = queue_overview()
        return super().index(request, context)
