"""The first frame of a tile is served as a picture of its own, small and for ever."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from PIL import Image

from common.storage import media
from lounge.stills import still_url

TILE = "portraits/0123456789abcdef0123456789abcdef/1-ab12.webp"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>made by a machine</x:xmpmeta>"


def film() -> bytes:
    out = io.BytesIO()
    red, *others = (Image.new("RGB", (192, 192), colour) for colour in ("red", "green", "blue"))
    red.save(out, "WEBP", save_all=True, append_images=others, duration=80, loop=0, xmp=XMP)
    return out.getvalue()


def test_it_is_the_first_frame_with_the_statement_of_the_tile(client: Client) -> None:
    media().write(TILE, film())
    response = client.get(still_url(TILE))
    assert response.status_code == 200
    assert response["Content-Type"] == "image/webp"
    assert "immutable" in response["Cache-Control"]
    picture = Image.open(io.BytesIO(response.content))
    assert (picture.size, getattr(picture, "n_frames", 1)) == ((192, 192), 1)
    red, green, blue = picture.convert("RGB").getpixel((96, 96))  # type: ignore[misc]
    assert red > 200 > 60 > max(green, blue)
    assert picture.info["xmp"] == XMP
    assert client.post(still_url(TILE)).status_code == 405


@pytest.mark.parametrize(
    "name",
    [
        "0123456789abcdef0123456789abcdef/1-cd.webp",
        "0123456789abcdef0123456789abcdef/1-ab12.png",
        "../photos/0123456789abcdef0123456789abcdef.jpg",
        "0123456789abcdef0123456789abcdef/../x/1-ab.webp",
        "%00",
    ],
)
def test_other_names_are_not_found(client: Client, name: str) -> None:
    assert client.get(f"/lounge/stills/{name}").status_code == 404
