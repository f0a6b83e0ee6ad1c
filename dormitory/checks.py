"""System check of ``manage.py check`` and ``serve``: the student card's typeface has Hangul."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register

from dormitory.card import fonts


@register()
def card_font(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An error with a hint if the typeface cannot draw Hangul."""
    try:
        fonts.family(fonts.font_file())
    except fonts.FontError as error:
        hint = "Let CARD_FONT name a .ttf or .otf file with Hangul, or leave it out for the packaged one."
        return [Error(f"The student card cannot be drawn: {error}.", hint=hint, id="dormitory.E001")]
    return []
