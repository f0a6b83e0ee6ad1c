"""What the admin pages of several apps share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.texts import codes

EMPTY = "–"


def picture(url: str, *, size: int, alt: str = "") -> SafeString | str:
    """An ``<img>`` of ``size`` pixels a side that is loaded when it comes into view; a dash without ``url``."""
    if not url:
        return EMPTY
    return format_html(
        '<img class="school-picture" src="{}" alt="{}" width="{}" height="{}" loading="lazy">',
        url,
        alt,
        size,
        size,
    )


def badge(text: object, kind: str) -> SafeString:
    """A coloured label (``school-badge-<kind>`` in the style sheet)."""
    return format_html('<span class="school-badge school-badge-{}">{}</span>', kind, text)


class TextsFilter(admin.AllValuesFieldListFilter):
    """A list filter by the texts that occur; the empty text is a dash, since a link needs a name."""

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] or EMPTY}


def text_columns(field: str = "texts") -> list[Callable[[Any], str]]:
    """A list column for each language of a :class:`common.texts.TextsField`."""

    def column(code: str, name: str) -> Callable[[Any], str]:
        @admin.display(description=name, ordering=f"{field}__{code}")
        def text(row: Any) -> str:
            return str(getattr(row, field).get(code, ""))

        return text

    return [column(code, name) for code, name in settings.LANGUAGES]


def text_lookups(field: str = "texts") -> list[str]:
    """``search_fields`` for each language of a :class:`common.texts.TextsField`."""
    return [f"{field}__{code}" for code in codes()]


def without_pencils(field: Any) -> Any:
    """The form field of a relation without the icons that add, edit and delete the related row."""
    for power in ("add", "change", "delete", "view"):
        setattr(field.widget, f"can_{power}_related", False)
    return field


class ChangedFieldsOnly(admin.ModelAdmin):
    """Saves only the fields that the form changed.

    Students and workers write to the same rows at the same time; saving the whole row from a form that was opened
    earlier would overwrite their changes.
    """

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm[Any], change: bool) -> None:
        if not change:
            obj.save()
            return
        own = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=own & set(form.changed_data))


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that programs write: they can be viewed and, unless a subclass forbids it, deleted, but not edited."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Write nothing: a row that was read earlier would overwrite what a worker has written since."""
