"""The errors of the student card: a translated sentence by stable code."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import status

from common.problems import Problem

MESSAGES: dict[str, Any] = {
    "card_busy": _("Many cards are being drawn at the moment. Please try again in a moment."),
    "card_unavailable": _("The card cannot be drawn at the moment."),
    "storage_unavailable": _("The pictures cannot be stored at the moment. Please try again later."),
}


class CardProblem(Problem):
    """503: the card cannot be drawn or stored now. ``wait``, if given, is the Retry-After in seconds."""

    def __init__(self, code: str, wait: int | None = None) -> None:
        self.wait = wait
        super().__init__(code, str(MESSAGES[code]), status.HTTP_503_SERVICE_UNAVAILABLE)
