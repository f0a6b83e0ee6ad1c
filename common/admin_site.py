"""The admin site under the school's name; its front page is ``templates/admin/school_index.html``."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class SchoolAdminConfig(AdminConfig):
    """Stands in ``INSTALLED_APPS`` instead of ``django.contrib.admin``."""

    default_site = "common.admin_site.SchoolAdminSite"


class SchoolAdminSite(admin.AdminSite):
    site_header = _("School office")
    site_title = _("School office")
    index_title = _("Overview")
    index_template = "admin/school_index.html"
