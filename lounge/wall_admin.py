"""Links to the projector page in the admin: to make, to look up, and to revoke one by one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from common.admin import EMPTY, ChangedFieldsOnly, badge, without_pencils
from dormitory.admin import sees_students
from lounge.models import WallLink
from lounge.wall import address


@admin.register(WallLink)
class WallLinkAdmin(ChangedFieldsOnly):
    """For staff with the permission to see students: anyone with a link sees them."""

    list_display = ("__str__", "shown", "created_by", "created_at", "expires_at", "state", "link")
    list_select_related = ("house", "created_by")
    search_fields = ("label", "created_by__username")
    fields = ("label", "house", "expires_at", "link", "created_by", "created_at", "revoked_at")
    readonly_fields = ("link", "created_by", "created_at", "revoked_at")
    actions = ("revoke",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return sees_students(request) and super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return sees_students(request) and super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return sees_students(request) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return sees_students(request) and super().has_change_permission(request, obj)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "house":
            return without_pencils(field)
        if field and db_field.name == "expires_at":
            # The label above the two fields belongs to neither.
            for widget, part in zip(field.widget.widgets, (_("date"), _("time")), strict=True):
                widget.attrs["aria-label"] = f"{field.label}: {part}"
        return field

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm[Any], change: bool) -> None:
        if not change:
            form.instance.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)

    @admin.display(description=_("house"), ordering="house")
    def shown(self, link: WallLink) -> Any:
        return link.house.name if link.house else _("all houses")

    @admin.display(description=_("state"))
    def state(self, link: WallLink) -> SafeString:
        if link.revoked_at:
            return badge(_("revoked"), "failed")
        return badge(_("valid"), "succeeded") if link.is_valid else badge(_("ended"), "cancelled")

    @admin.display(description=_("Link"))
    def link(self, link: WallLink) -> SafeString | str:
        """To open, or to copy from the browser's menu; a dash where it opens nothing."""
        if link.pk is None or not link.is_valid:
            return EMPTY
        return format_html('<a href="{}" rel="noreferrer">{}</a>', address(link, ""), _("projector page"))

    @admin.action(permissions=["change"], description=_("Revoke the selected links"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[WallLink]) -> None:
        """They end at once and for good; pages that are open say so within seconds."""
        links = list(queryset.filter(revoked_at=None))
        WallLink.objects.filter(pk__in=[link.pk for link in links]).update(revoked_at=timezone.now())
        for link in links:
            self.log_change(request, link, [{"changed": {"fields": ["revoked"]}}])
        text = ngettext("%(count)s link is revoked.", "%(count)s links are revoked.", len(links))
        self.message_user(request, text % {"count": len(links)}, messages.SUCCESS)
