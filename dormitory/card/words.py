"""The printed words of the card, in the languages of ``settings.CARD_LANGUAGES``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

SCHOOL = _("Moving Portraits School of Magic")
TITLE = pgettext_lazy("on the card", "STUDENT CARD")
LABELS = {
    "name": pgettext_lazy("on the card", "NAME"),
    "birthday": pgettext_lazy("on the card", "BIRTHDAY"),
    "number": pgettext_lazy("on the card", "NUMBER"),
    "admitted": pgettext_lazy("on the card", "ADMITTED"),
    "house": pgettext_lazy("on the card", "HOUSE"),
}
SECRET = pgettext_lazy("on the card", "secret")
MACHINE_MADE = pgettext_lazy("on the card", "The portrait was painted by a machine (AI).")


def in_each_language(sentence: Any) -> list[str]:
    """The translations of a lazy ``sentence``, in the order of ``settings.CARD_LANGUAGES``."""
    texts = []
    for code in settings.CARD_LANGUAGES:
        with translation.override(code):
            texts.append(str(sentence))
    return texts


def printed() -> dict[str, str]:
    """The values of the placeholders of ``card.svg``: the headings and the labels of the fields."""
    title, *subtitle = in_each_language(TITLE)
    labels = {f"label_{name}": "  ".join(in_each_language(label)) for name, label in LABELS.items()}
    return {
        "school": in_each_language(SCHOOL)[0],
        "title": title,
        "subtitle": " · ".join(subtitle),
        **labels,
    }


def secret() -> str:
    """What a public card shows in place of the birthday."""
    return " · ".join(in_each_language(SECRET))


def machine_made() -> list[str]:
    """The note that the portrait is machine-made, one line for each language."""
    return in_each_language(MACHINE_MADE)
