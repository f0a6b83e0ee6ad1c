"""Pages of the board that stay where they are while others write."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class BoardPagination(CursorPagination):
    """Newest first, by the time of writing. A cursor names a time, not a page number: nothing is shown twice."""

    ordering = ("-created_at", "-id")
    page_size = 30
    page_size_query_param = "page_size"
    max_page_size = 100

    def get_page_size(self, request: Request) -> int:
        """``page_size`` of the query, at most 100. Raises ``ValidationError`` (400) ``invalid_page_size`` below 1."""
        sent = request.query_params.get(self.page_size_query_param)
        if sent is None:
            return self.page_size
        digits = sent.lstrip("0")
        if not (digits.isascii() and digits.isdigit()):
            raise ValidationError(
                {"page_size": [ErrorDetail(_("The size of a page is a whole number."), "invalid_page_size")]}
            )
        # Python refuses to read a number of thousands of digits.
        return min(int(digits[:9]), self.max_page_size)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor of the query, or None. Raises ``ValidationError`` (400) ``invalid_cursor``."""
        try:
            cursor: Any = super().decode_cursor(request)
        except NotFound:
            raise no_such_page() from None
        # The base class hands whatever stands in the cursor to the database.
        if cursor is not None and cursor.position is not None and not _is_time(cursor.position):
            raise no_such_page()
        return cursor


def no_such_page() -> ValidationError:
    return ValidationError({"cursor": [ErrorDetail(_("There is no such page."), code="invalid_cursor")]})


def _is_time(position: str) -> bool:
    try:
        time = parse_datetime(position)
        # The database compares in UTC, in which the first and the last day of the calendar may not exist.
        return time is not None and is_aware(time) and bool(time.astimezone(UTC))
    except (ValueError, OverflowError):
        return False
