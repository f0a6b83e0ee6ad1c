"""A card's file over HTTP: the ETag is compared before the drawing, so that a 304 needs none."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from common.file_responses import stored_file_response
from dormitory.card.store import CONTENT_TYPES, SUFFIXES, Edition


def card_response(
    request: HttpRequest, edition: Edition, kind: str, *, name: str, download: bool, headers: dict[str, str]
) -> HttpResponseBase:
    """The card in one of ``CONTENT_TYPES``, or 304. ``name``: what a browser saves it as, without the suffix.

    Raises what :meth:`Edition.file` does.
    """
    etag = f'"{edition.key}-{kind}"'
    headers = {"ETag": etag, **headers}
    # Without a response to fall back to, it returns one only when the client's copy is current.
    known: Any = get_conditional_response(request, etag=etag)
    if known is not None:
        for header, value in headers.items():
            known[header] = value
        return known
    disposition = "attachment" if download else "inline"
    return stored_file_response(
        request,
        edition.file(kind),
        {
            "Content-Type": CONTENT_TYPES[kind],
            "Content-Disposition": f'{disposition}; filename="{name}.{SUFFIXES.get(kind, kind)}"',
            **headers,
        },
    )
