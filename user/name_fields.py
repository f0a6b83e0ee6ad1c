"""The columns and form fields of names: counted in the form in which they are kept, and never cut."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models

from user.name_rules import composed, folded


class FullnameColumn(models.CharField):
    """A name in NFC, which is written and looked for in that form."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return composed(value) if isinstance(value, str) else value

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": FullnameFormField, **kwargs})

    def deconstruct(self) -> Any:
        """A plain column for the migrations."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class _NeverCut(forms.CharField):
    """A text field without the attribute by which browsers cut what is pasted; a long text is refused in words."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


class FullnameFormField(_NeverCut):
    def to_python(self, value: Any) -> Any:
        return composed(super().to_python(value) or "")


class UsernameFormField(_NeverCut):
    """As the form field of django.contrib.auth, which leaves a text as it was typed if that is too long."""

    def to_python(self, value: Any) -> Any:
        return folded(super().to_python(value) or "")

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "autocapitalize": "none", "autocomplete": "username"}
