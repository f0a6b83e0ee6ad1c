"""The parser of JSON request bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class PlainJSONParser(JSONParser):
    """The framework's parser, with one message for invalid JSON and for bodies that are nested too deeply."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The body's value. Raises ParseError (400)."""
        try:
            return super().parse(stream, media_type, parser_context)
        except (ParseError, RecursionError) as error:
            # The parser's own message is not translated and means little to users.
            raise ParseError(_("The body is not valid JSON.")) from error
