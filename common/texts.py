"""A model field for one text in several languages: a JSON object of texts by code of ``settings.LANGUAGES``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


def codes() -> list[str]:
    """The language codes of ``settings.LANGUAGES``, in their order."""
    return [code for code, _name in settings.LANGUAGES]


def in_language(texts: Mapping[str, str]) -> str:
    """The text in the active language, else in the default one, else in any other; ``""`` without a text."""
    active = get_language() or settings.LANGUAGE_CODE
    for code in (active, active.partition("-")[0], settings.LANGUAGE_CODE, *codes()):
        if text := texts.get(code):
            return text
    return ""


class TextsWidget(forms.MultiWidget):
    """One text box for each language, named ``<field>_<code>`` in the form's data."""

    def __init__(self, attrs: dict[str, Any] | None = None, *, rows: int = 2, cols: int = 40) -> None:
        boxes: dict[str, forms.Widget | type[forms.Widget]] = {
            code: forms.Textarea(
                {"rows": rows, "cols": cols, "lang": code, "aria-label": name, "placeholder": name}
            )
            for code, name in settings.LANGUAGES
        }
        super().__init__(boxes, attrs)

    def decompress(self, value: Mapping[str, str] | None) -> list[str]:
        return [(value or {}).get(code, "") for code in codes()]


class TextsFormField(forms.MultiValueField):
    """The texts from one box for each language. A required field needs the text of the default language."""

    widget = TextsWidget

    def __init__(self, *, max_length: int | None = None, required: bool = True, **kwargs: Any) -> None:
        boxes = [
            forms.CharField(max_length=max_length, required=required and code == settings.LANGUAGE_CODE)
            for code in codes()
        ]
        super().__init__(boxes, require_all_fields=False, required=required, **kwargs)

    def compress(self, values: list[str]) -> dict[str, str]:
        return {code: text for code, text in zip(codes(), values, strict=False) if text}


class TextsField(models.JSONField):
    """Texts by language code, each at most ``max_length`` characters; the default language may not be left out.

    With ``blank=True`` every language may be left out. The admin shows one box for each language.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"default": dict, **kwargs})

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        """Raises ValidationError for anything but texts in known languages."""
        super().validate(value, model_instance)
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            raise ValidationError(_("Texts by language code are needed."), code="invalid")
        if unknown := sorted(set(value) - set(codes())):
            raise ValidationError(
                _("There is no such language: %(codes)s."), "unknown_language", {"codes": ", ".join(unknown)}
            )
        if not self.blank and not value.get(settings.LANGUAGE_CODE):
            raise ValidationError(self.error_messages["blank"], code="blank")
        if self.max_length is not None and any(len(text) > self.max_length for text in value.values()):
            raise ValidationError(
                _("At most %(limit)s characters."), "max_length", {"limit": self.max_length}
            )

    def formfield(self, **kwargs: Any) -> Any:
        # JSONField's own form field is a box of JSON. Its callable default would ask for a hidden initial value.
        options = {"form_class": TextsFormField, "max_length": self.max_length, "show_hidden_initial": False}
        return super(models.JSONField, self).formfield(**{**options, **kwargs})
