"""The page at ``/`` and its parts: the same in any mode, never a mix of two releases, under a strict policy."""

from __future__ import annotations

import gzip
import io
import re
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image
from pytest_django import Settings

from tests.paths import ROOT

INDEX = "<!doctype html><title>school</title>"
MODULE = "export const answer = 42;"


@pytest.fixture
def web(settings: Settings, tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    (folder / "lib").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "lib" / "api.js").write_text(MODULE)
    (folder / "notes.txt").write_text("for us")
    (tmp_path / "secret.js").write_text("not below web")
    settings.WEB_ROOT = folder
    return folder


def read(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.getvalue().decode()


@pytest.mark.parametrize("debug", [True, False])
def test_the_front_door_opens_the_page(client: Client, web: Path, settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug
    assert read(client, "/") == INDEX
    assert read(client, "/web/lib/api.js") == MODULE
    assert client.get("/web/lib/api.js")["Content-Type"].startswith("text/javascript")


def test_the_policy_allows_this_server_alone_and_nothing_inline(client: Client, web: Path) -> None:
    response = client.get("/")
    policy = dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert (
        "unsafe" not in response["Content-Security-Policy"]
        and "http" not in response["Content-Security-Policy"]
    )
    assert "camera=(self)" in response["Permissions-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/web/lib/api.js"])
def test_a_browser_asks_each_time_and_gets_304_for_what_it_has(client: Client, web: Path, path: str) -> None:
    response = client.get(path)
    assert response["Cache-Control"] == "no-cache"
    again = client.get(path, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.getvalue()) == (304, b"")


def test_an_update_is_seen_at_once(client: Client, web: Path) -> None:
    etag = client.get("/web/lib/api.js")["ETag"]
    (web / "lib" / "api.js").write_text("export const answer = 'another';")
    response = client.get("/web/lib/api.js", headers={"If-None-Match": etag})
    assert (response.status_code, response.getvalue()) == (200, b"export const answer = 'another';")


@pytest.mark.parametrize(
    "path",
    ["/web/", "/web/lib/", "/web/nothing.js", "/web/notes.txt", "/web/../secret.js", "/web/%2e%2e/secret.js"],
)
def test_nothing_else_is_served(client: Client, web: Path, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/", "/web/lib/api.js"])
def test_it_is_only_read(client: Client, web: Path, path: str) -> None:
    assert client.post(path).status_code == 405
    assert client.head(path).status_code == 200


def test_the_page_loads_nothing_that_is_not_there(client: Client) -> None:
    page = read(client, "/")
    loaded = [
        address for address in re.findall(r'(?:src|href)="([^"#]+)"', page) if not address.startswith("data:")
    ]
    assert loaded
    for address in loaded:
        assert address.startswith("/"), address
        assert client.get(address).status_code == 200, address
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page)


def test_every_page_has_an_icon(client: Client) -> None:
    response = client.get("/favicon.ico")
    assert response["Content-Type"] == "image/x-icon"
    icon = Image.open(io.BytesIO(response.getvalue()))
    assert (32, 32) in icon.info["sizes"]
    page = read(client, "/")
    for address in re.findall(r'<link rel="(?:icon|apple-touch-icon)" href="([^"]+)"', page):
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("name", ["lib/live.js", "lib/live/stage.js"])
def test_the_player_of_live_portraits_may_be_loaded_by_other_sites(client: Client, name: str) -> None:
    assert client.get(f"/web/{name}")["Access-Control-Allow-Origin"] == "*"


def test_other_modules_and_the_page_to_play_with_are_for_this_site(client: Client) -> None:
    for path in ("/web/app.js", "/live/"):
        assert "Access-Control-Allow-Origin" not in client.get(path)


def addresses(page: str) -> list[str]:
    return re.findall(r'<(?:script|link)[^>]* (?:src|href)="(/web/v-[^"]+)"', page)


def test_scripts_and_sheets_are_kept_for_ever_and_change_their_address_with_their_contents(
    client: Client, web: Path
) -> None:
    (web / "app.js").write_text('import { answer } from "./lib/api.js";\n')
    head = '<head>\n    <script type="module" src="/web/app.js"></script>\n  </head>'
    (web / "index.html").write_text(head)
    before = addresses(read(client, "/"))
    assert [address.rpartition("/")[2] for address in before] == ["app.js"]
    assert "immutable" in client.get(before[0])["Cache-Control"]
    (web / "lib" / "api.js").write_text("export const answer = 'another';")
    after = addresses(read(client, "/"))
    assert not set(before) & set(after)
    # Who still has the document of before gets the new contents, and asks again.
    assert client.get(before[0])["Cache-Control"] == "no-cache"
    assert "'another'" in read(client, before[0])


def test_the_first_views_modules_are_one_file_and_share_their_state_with_later_ones(
    client: Client, web: Path
) -> None:
    (web / "pages").mkdir()
    (web / "lib" / "state.js").write_text("export const held = {};\nexport function hold(x) {\n}\n")
    (web / "pages" / "welcome.js").write_text(
        'import { held as kept } from "../lib/state.js";\nexport default async function page() {\n}\n'
    )
    (web / "app.js").write_text('import { answer } from "./lib/api.js";\n')
    (web / "index.html").write_text('<script type="module" src="/web/app.js"></script>')
    [address] = addresses(read(client, "/"))
    base = address.removesuffix("app.js")
    script = read(client, address)
    assert script.index('modules["lib/state.js"]') < script.index('modules["pages/welcome.js"]')
    assert 'const { held: kept } = modules["lib/state.js"];' in script
    assert "import " not in script and "export " not in script
    shim = read(client, f"{base}lib/state.js")
    assert "export const { held, hold } = from;" in shim
    assert "export default from.default;" in read(client, f"{base}pages/welcome.js")
    # A module that the bundler does not understand is no fault: then each is a file.
    (web / "lib" / "api.js").write_text('export * from "./state.js";')
    [address] = addresses(read(client, "/"))
    assert read(client, address) == (web / "app.js").read_text()


def test_a_later_page_asks_at_once_for_all_that_it_imports_and_for_nothing_that_is_there(
    client: Client, web: Path
) -> None:
    (web / "pages").mkdir()
    (web / "lib" / "deep.js").write_text("export const deep = 1;\n")
    (web / "lib" / "near.js").write_text(
        'import { answer } from "./api.js";\nimport { deep } from "./deep.js";\nexport const near = deep;\n'
    )
    (web / "pages" / "later.js").write_text(
        'import { answer as told } from "../lib/api.js";\nimport { near } from "../lib/near.js";\n'
    )
    (web / "lib" / "api.js").write_text("export const answer = 1;\n")
    (web / "app.js").write_text('import { answer } from "./lib/api.js";\n')
    (web / "index.html").write_text('<script type="module" src="/web/app.js"></script>')
    base = addresses(read(client, "/"))[0].removesuffix("app.js")
    page, near = read(client, f"{base}pages/later.js"), read(client, f"{base}lib/near.js")
    assert re.findall(r'"(\.\./lib/\w+\.js)";', page) == [
        "../lib/near.js",
        "../lib/deep.js",
        "../lib/near.js",
    ]
    constant = 'globalThis[Symbol.for("school.modules")]["lib/api.js"];'
    assert f"const {{ answer: told }} = {constant}" in page
    assert f"const {{ answer }} = {constant}" in near and 'from "./deep.js"' in near
    # Without a bundle there are no such constants.
    (web / "lib" / "api.js").write_text("export * from './deep.js';")
    base = addresses(read(client, "/"))[0].removesuffix("app.js")
    assert read(client, f"{base}pages/later.js") == (web / "pages" / "later.js").read_text()
    assert client.get(f"{base}pages/none.js").status_code == 404


def test_all_of_our_modules_can_be_bundled(client: Client) -> None:
    page = read(client, "/")
    [entry] = [address for address in addresses(page) if address.endswith("/app.js")]
    assert 'modules["lib/api.js"]' in read(client, entry)
    assert len([address for address in addresses(page) if address.endswith(".css")]) == 2


def test_the_player_asks_at_once_for_all_of_its_modules(client: Client) -> None:
    base = next(
        address for address in addresses(read(client, "/")) if address.endswith("/app.js")
    ).removesuffix("app.js")
    asked = set(re.findall(r'^import "\.\./(lib/live/\w+\.js)";$', read(client, f"{base}lib/live.js"), re.M))
    assert asked == {f"lib/live/{file.name}" for file in (ROOT / "web/lib/live").glob("*.js")}


def test_texts_go_over_the_wire_compressed(client: Client, web: Path) -> None:
    (web / "lib" / "api.js").write_text(MODULE * 50)
    for path in ("/", "/web/lib/api.js"):
        response = client.get(path, headers={"Accept-Encoding": "br, gzip"})
        assert response["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in response["Vary"]
        assert gzip.decompress(response.getvalue()).decode() == read(client, path)
        again = client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": response["ETag"]})
        assert (again.status_code, again.getvalue()) == (304, b"")


def test_a_shared_address_of_the_school_has_a_picture_and_words(client: Client) -> None:
    page = read(client, "/")
    found = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]+)"', page))
    assert found["title"] and found["description"]
    assert found["url"] == "http://testserver/"
    picture = client.get(found["image"].removeprefix("http://testserver"))
    with Image.open(io.BytesIO(picture.getvalue())) as shown:
        assert shown.size == (1200, 630)


def test_the_first_view_is_small(client: Client) -> None:
    page = client.get("/", headers={"Accept-Encoding": "gzip"})
    loaded = set(addresses(gzip.decompress(page.getvalue()).decode()))
    sizes = [len(client.get(path, headers={"Accept-Encoding": "gzip"}).getvalue()) for path in loaded]
    assert len(page.getvalue()) + sum(sizes) < 60_000
