"""The house admin of ``dormitory``, extended by links to the projector page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from common.fields import origin
from dormitory.admin import HouseAdmin, sees_students
from dormitory.models import House
from lounge.wall import LIFETIME, make_key


class HouseWithWallAdmin(HouseAdmin):
    actions = ("wall_links",)

    @admin.action(permissions=["view"], description=_("Make links to the projector page"))
    def wall_links(self, request: HttpRequest, houses: QuerySet[House]) -> HttpResponse:
        """A page with a link for the whole school and one for each house, for staff who may see students."""
        if not sees_students(request):
            raise PermissionDenied
        place = origin(request) + reverse("wall")
        links: list[tuple[Any, str]] = [(_("all houses"), f"{place}#{make_key()}")]
        links += [(house.name, f"{place}#{make_key(house)}") for house in houses]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Links to the projector page"),
            "links": links,
            "days": LIFETIME.days,
        }
        return TemplateResponse(request, "admin/dormitory/house/wall_links.html", context)


admin.site.unregister(House)
admin.site.register(House, HouseWithWallAdmin)
