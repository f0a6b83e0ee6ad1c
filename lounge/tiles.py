"""The files of a portrait for lists of many: a still, a small moving tile, and the full size."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common.fields import public_url
from common.storage import media
from lounge.stills import still_url


class TilesSerializer(serializers.Serializer[Any]):
    still = serializers.CharField(allow_null=True, help_text="the tile's first frame, some five kilobytes")
    tile = serializers.CharField(allow_null=True, help_text="192 pixels, moving, at most 90 kB")
    poster = serializers.CharField(allow_null=True, help_text="full size, without motion")
    webp = serializers.CharField(allow_null=True, help_text="full size, moving")
    live = serializers.CharField(
        allow_null=True, help_text="the live portrait, which `/web/lib/live.js` plays"
    )


def tiles(
    portrait: str | None, poster: str | None, tile: str | None, live: str | None, *, base: str
) -> dict[str, str | None]:
    """The URLs of a finished portrait by the storage names in the record, as TilesSerializer describes them.

    None for what is not there: a poster without a portrait is of one that is being made.
    """
    files = {
        "still": still_url(tile) if tile else None,
        "tile": media().url(tile) if tile else None,
        "poster": media().url(poster) if poster and portrait else None,
        "webp": media().url(portrait) if portrait else None,
        "live": media().url(live) if live and portrait else None,
    }
    return {name: public_url(base, url) if url else None for name, url in files.items()}
