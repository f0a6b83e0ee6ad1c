from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from dormitory import crests
from portrait.files import PORTRAITS

BYTES = bytes(range(256)) * 4
URL = "/media/portraits/key/moving.mp4"


@pytest.fixture(autouse=True)
def files(media: Path) -> None:
    for name in ("portraits/key/moving.mp4", "photos/key.jpg", "portraits/key/page.html"):
        path = media / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(BYTES)


def test_the_public_folders_are_those_of_the_apps(settings: Settings) -> None:
    assert set(settings.PUBLIC_MEDIA) == {PORTRAITS, crests.FOLDER}


def test_a_portrait_is_served_to_keep(client: Client) -> None:
    response = client.get(URL)
    assert response.status_code == 200
    assert response["Content-Type"] == "video/mp4"
    assert "immutable" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert b"".join(response) == BYTES


def test_a_browser_may_ask_for_a_part_of_a_video(client: Client) -> None:
    response = client.get(URL, headers={"Range": "bytes=100-199"})
    assert response.status_code == 206
    assert response["Content-Range"] == "bytes 100-199/1024"
    assert b"".join(response) == BYTES[100:200]


def test_an_unchanged_file_is_not_sent_again(client: Client) -> None:
    etag = client.get(URL)["ETag"]
    assert client.get(URL, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/media/photos/key.jpg",
        "/media/portraits/../photos/key.jpg",
        "/media/portraits/..%2fphotos%2fkey.jpg",
        "/media/portraits/key/page.html",
        "/media/portraits/key/nothing.webp",
        "/media/portraits/key",
        "/media/portraits/key/moving.mp4/",
        "/media/portraits/key/%00.webp",
    ],
)
def test_nothing_but_portraits_is_served(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
