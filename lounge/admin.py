"""The guestbook in the admin: to read, to hide, to correct; reported entries come first."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from rest_framework.exceptions import ValidationError

from common.admin import EMPTY, ChangedFieldsOnly, badge, picture
from lounge import house_admin, wall_admin  # noqa: F401 (register the houses, and the links to the projector page)
from lounge.models import Entry, Report
from lounge.serializers import ContentField
from lounge.services import settle_reports


class EntryForm(forms.ModelForm):
    class Meta:
        model = Entry
        fields = ("content", "hidden")
        widgets = {"content": forms.Textarea(attrs={"rows": 4, "cols": 80})}

    def clean_content(self) -> str:
        """Under the same rules as over the API."""
        try:
            content: str = ContentField().to_internal_value(self.cleaned_data["content"])
        except ValidationError as error:
            raise forms.ValidationError([str(text) for text in error.detail]) from None
        return content


class Reported(admin.SimpleListFilter):
    title = _("reports")
    parameter_name = "reported"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("open"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(open_reports__gt=0) if self.value() == "open" else queryset


@admin.register(Entry)
class EntryAdmin(ChangedFieldsOnly):
    form = EntryForm
    list_display = ("thumbnail", "excerpt", "author", "house", "created_at", "visibility", "reports")
    list_display_links = ("excerpt",)
    list_filter = (Reported, "hidden", "author__house", "created_at")
    list_select_related = ("author__house",)
    list_per_page = 50
    search_fields = ("content", "author__username", "author__fullname")
    search_help_text = _("Text, username or full name")
    actions = ("hide", "unhide", "settle")
    fields = ("author", "content", "hidden", "created_at", "edited_at", "reasons")
    readonly_fields = ("author", "created_at", "edited_at", "reasons")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        counts = Report.objects.filter(entry=OuterRef("pk"), settled_at=None).order_by().values("entry")
        reports = Subquery(counts.annotate(n=Count("pk")).values("n"))
        entries = Entry.objects.annotate(open_reports=Coalesce(reports, 0, output_field=IntegerField()))
        return entries.order_by(*self.get_ordering(request))

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("-open_reports", "-created_at", "-id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Words in the guestbook are its author's own.
        return False

    @admin.display(description=_("portrait"))
    def thumbnail(self, entry: Entry) -> Any:
        return picture(entry.author.picture, size=40, alt=entry.author.fullname)

    @admin.display(description=_("text"), ordering="content")
    def excerpt(self, entry: Entry) -> str:
        return str(entry)

    @admin.display(description=_("house"), ordering="author__house")
    def house(self, entry: Entry) -> str:
        return entry.author.house.name if entry.author.house else ""

    @admin.display(description=_("on the board"), ordering="hidden")
    def visibility(self, entry: Entry) -> Any:
        return badge(_("hidden"), "failed") if entry.hidden else badge(_("visible"), "succeeded")

    @admin.display(description=_("reports"), ordering="open_reports")
    def reports(self, entry: Any) -> Any:
        return badge(entry.open_reports, "failed") if entry.open_reports else EMPTY

    @admin.display(description=_("reports"))
    def reasons(self, entry: Entry) -> SafeString | str:
        """Who has reported the entry, when, why, and whether that is settled."""
        rows = (
            (
                date_format(timezone.localtime(report.created_at), "SHORT_DATETIME_FORMAT"),
                report.student,
                report.reason or EMPTY,
                _("settled") if report.settled_at else _("open"),
            )
            for report in entry.reports.select_related("student")
        )
        return format_html_join(mark_safe("<br>"), "{} · {} · {} · {}", rows) or EMPTY

    @admin.action(description=_("Hide the selected entries"), permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Entry]) -> None:
        count = self._set_hidden(request, queryset, True)
        text = ngettext("%(count)s entry is hidden now.", "%(count)s entries are hidden now.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Show the selected entries again"), permissions=["change"])
    def unhide(self, request: HttpRequest, queryset: QuerySet[Entry]) -> None:
        count = self._set_hidden(request, queryset, False)
        text = ngettext("%(count)s entry is shown again.", "%(count)s entries are shown again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Settle the reports of the selected entries"), permissions=["change"])
    def settle(self, request: HttpRequest, queryset: QuerySet[Entry]) -> None:
        count = settle_reports(queryset.values_list("pk", flat=True))
        text = ngettext("%(count)s report is settled.", "%(count)s reports are settled.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    def _set_hidden(self, request: HttpRequest, queryset: QuerySet[Entry], hidden: bool) -> int:
        entries = list(queryset.exclude(hidden=hidden))
        count = Entry.objects.filter(pk__in=[entry.pk for entry in entries]).update(hidden=hidden)
        if hidden:
            settle_reports(entry.pk for entry in entries)
        for entry in entries:
            self.log_change(request, entry, [{"changed": {"fields": ["hidden"]}}])
        return count
