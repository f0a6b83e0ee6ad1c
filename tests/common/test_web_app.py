"""The page as an app: a manifest in both languages, icons that are there, a service worker for the whole site."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image
from pytest_django import Settings

from common.web_edition import digest
from config.settings import BASE_DIR, LANGUAGES
from demo.app_icons import draw

WEB = BASE_DIR / "web"
WORKER = "/service-worker.js"


def read(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.getvalue().decode()


@pytest.mark.parametrize("language", [code for code, _name in LANGUAGES])
def test_the_manifest_speaks_the_language_of_the_page_or_of_the_browser(
    client: Client, language: str
) -> None:
    texts = (WEB / "i18n" / f"{language}.js").read_text()
    name = re.search(r'"shell.school": "(.+)"', texts)
    asked = client.get("/app.webmanifest", headers={"Accept-Language": language})
    chosen = client.get("/app.webmanifest", {"lang": language}, headers={"Accept-Language": "fr"})
    for response in (asked, chosen):
        assert response["Content-Type"] == "application/manifest+json"
        assert response["Content-Language"] == language
        assert "Accept-Language" in response["Vary"]
        manifest = json.loads(response.content)
        assert (manifest["lang"], manifest["name"]) == (language, name and name[1])
        assert (manifest["id"], manifest["scope"], manifest["display"]) == ("/", "/", "standalone")
    # A language that the school does not speak is not one.
    unknown = client.get("/app.webmanifest", {"lang": "../x"}, headers={"Accept-Language": language})
    assert unknown["Content-Language"] == language


def test_the_manifest_is_linked_and_its_icons_are_there_in_their_sizes(client: Client) -> None:
    assert '<link rel="manifest" href="/app.webmanifest">' in read(client, "/")
    icons = json.loads(read(client, "/app.webmanifest"))["icons"]
    assert {(icon["sizes"], icon["purpose"]) for icon in icons} == {
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    }
    for icon in icons:
        response = client.get(icon["src"])
        assert response["Content-Type"] == icon["type"]
        with Image.open(io.BytesIO(response.getvalue())) as picture:
            assert "x".join(map(str, picture.size)) == icon["sizes"]


def test_the_icons_are_those_that_are_drawn_from_the_pages_drawing() -> None:
    for name, data in draw(WEB / "art").items():
        with Image.open(io.BytesIO(data)) as drawn, Image.open(WEB / "art" / name) as kept:
            assert drawn.convert("RGBA").tobytes() == kept.convert("RGBA").tobytes(), name


def test_the_worker_serves_the_whole_site_and_the_policy_allows_it(client: Client) -> None:
    response = client.get(WORKER)
    assert response["Content-Type"].startswith("text/javascript")
    assert response["Cache-Control"] == "no-cache"
    policy = client.get("/")["Content-Security-Policy"]
    assert "worker-src 'self'" in policy and "manifest-src 'self'" in policy
    assert client.post(WORKER).status_code == client.post("/app.webmanifest").status_code == 405
    again = client.get(WORKER, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.getvalue()) == (304, b"")


def test_what_the_worker_keeps_is_there_and_of_this_edition(client: Client) -> None:
    script = read(client, WORKER)
    edition = re.search(r'^const EDITION = "(\w+)";$', script, re.MULTILINE)
    files = re.search(r"^const FILES = (\[.+\]);$", script, re.MULTILINE)
    assert edition and files and edition[1] == digest(WEB)
    kept = json.loads(files[1])
    assert any(path.endswith("/app.js") for path in kept)
    for path in kept:
        assert path.startswith(f"/web/v-{edition[1]}/")
        assert "immutable" in client.get(path)["Cache-Control"], path
    art = re.search(r"const ART = \[(.+?)\]\.map", script, re.DOTALL)
    names = re.findall(r'"([\w.-]+\.(?:svg|png))"', art[1] if art else "")
    assert len(names) > 5
    for name in names:
        assert client.get(f"/web/art/{name}").status_code == 200, name


def test_every_release_has_another_worker(client: Client, settings: Settings, tmp_path: Path) -> None:
    for name in ("index.html", "service-worker.js", "app.js"):
        (tmp_path / name).write_text((WEB / name).read_text())
    settings.WEB_ROOT = tmp_path
    before = read(client, WORKER)
    assert read(client, WORKER) == before
    os.utime(tmp_path / "app.js", (1, 1))
    assert read(client, WORKER) != before
