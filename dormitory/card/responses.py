"""A card's file over HTTP: its ETag is told before anything is drawn, so that who has it already costs nothing."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from common.storage import media_storage
from dormitory.card.store import CONTENT_TYPES, Edition


def card_response(
    request: HttpRequest, edition: Edition, kind: str, *, name: str, download: bool, headers: dict[str, str]
) -> HttpResponseBase:
    """The card in one of ``CONTENT_TYPES``, or 304. ``name``: what a browser saves it as, without the suffix.

    Raises what :meth:`Edition.drawn` does.
    """
    etag = f'"{edition.key}-{kind}"'
    headers = {"ETag": etag, **headers}
    # Without an answer to fall back to it gives one only where the client's is good.
    known: Any = get_conditional_response(request, etag=etag)
    if known is not None:
        for header, value in headers.items():
            known[header] = value
        return known
    disposition = "attachment" if download else "inline"
    return media_storage().response(
        request,
        edition.drawn(kind),
        {
            "Content-Type": CONTENT_TYPES[kind],
            "Content-Disposition": f'{disposition}; filename="{name}.{kind}"',
            **headers,
        },
    )
