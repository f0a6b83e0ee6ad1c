"""Which format an answer has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

# What programs and the scripts of a page send.
ANYTHING = (None, "", "*/*")


class ContentNegotiation(DefaultContentNegotiation):
    """The framework's rules, with a shortcut for clients that take any format: the view's first one."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[Any, str]:
        if (
            format_suffix is None
            and request.META.get("HTTP_ACCEPT") in ANYTHING
            # Where a format may be asked for as well.
            and not request.META.get("QUERY_STRING")
        ):
            first = next(iter(renderers))
            return first, str(first.media_type)
        selected: tuple[Any, str] = super().select_renderer(request, renderers, format_suffix)
        return selected
