"""The house admin of ``dormitory``, extended by links to the projector page."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from common.fields import origin
from dormitory.admin import HouseAdmin, sees_students
from dormitory.models import House
from lounge.models import WALL_LINK_LIFETIME, WallLink
from lounge.wall import address


class HouseWithWallAdmin(HouseAdmin):
    actions = ("wall_links",)

    def has_wall_link_permission(self, request: HttpRequest) -> bool:
        return sees_students(request) and request.user.has_perm("lounge.add_walllink")

    @admin.action(permissions=["wall_link"], description=_("Make links to the projector page"))
    def wall_links(self, request: HttpRequest, houses: QuerySet[House]) -> HttpResponse:
        """A page with a new link for the whole school and one for each house."""
        site = origin(request)
        links = [
            (house.name if house else _("all houses"), address(_new_link(request, house), site))
            for house in (None, *houses)
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Links to the projector page"),
            "links": links,
            "days": WALL_LINK_LIFETIME.days,
        }
        return TemplateResponse(request, "admin/dormitory/house/wall_links.html", context)


def _new_link(request: HttpRequest, house: House | None) -> WallLink:
    return WallLink.objects.create(house=house, created_by_id=request.user.pk)


admin.site.unregister(House)
admin.site.register(House, HouseWithWallAdmin)
