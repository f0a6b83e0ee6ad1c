"""The guestbook in the admin: to read, to hide, to correct."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from rest_framework.exceptions import ValidationError

from common.admin import ChangedFieldsOnly, badge, picture
from lounge.models import Entry
from lounge.serializers import ContentField


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


@admin.register(Entry)
class EntryAdmin(ChangedFieldsOnly):
    form = EntryForm
    list_display = ("thumbnail", "excerpt", "author", "house", "created_at", "visibility")
    list_display_links = ("excerpt",)
    list_filter = ("hidden", "author__house", "created_at")
    list_select_related = ("author__house",)
    list_per_page = 50
    search_fields = ("content", "author__username", "author__fullname")
    search_help_text = _("Text, username or full name")
    actions = ("hide", "unhide")
    fields = ("author", "content", "hidden", "created_at", "edited_at")
    readonly_fields = ("author", "created_at", "edited_at")

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

    def _set_hidden(self, request: HttpRequest, queryset: QuerySet[Entry], hidden: bool) -> int:
        entries = list(queryset.exclude(hidden=hidden))
        count = Entry.objects.filter(pk__in=[entry.pk for entry in entries]).update(hidden=hidden)
        for entry in entries:
            self.log_change(request, entry, [{"changed": {"fields": ["hidden"]}}])
        return count
