"""Guestbook entries are text: scripts in them do not run, and a script that ran would find no token."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.request import Request, urlopen

from demo.browser import School
from tests.conftest import PASSWORD
from tests.web.kit import Visitor

ATTACKS = [
    "<script>window.stolen = 1</script> hello",
    "<img src=x onerror='window.stolen = 1'> hello",
    "<svg onload='window.stolen = 1'></svg> hello",
    "<a href='javascript:window.stolen = 1'>hello there</a>",
]


def call(school: School, path: str, body: dict[str, str], token: str = "") -> dict[str, str]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with urlopen(Request(school.url + path, json.dumps(body).encode(), headers)) as answer:
        data: dict[str, str] = json.load(answer)
        return data


def test_markup_in_an_entry_is_shown_as_it_was_typed(school: School, visit: Callable[..., Visitor]) -> None:
    token = call(school, "/user/api/token/", {"username": "demo1-00002", "password": PASSWORD})["access"]
    for attack in ATTACKS:
        call(school, "/lounge/", {"content": attack}, token)

    visitor = visit()
    visitor.sign_in()
    visitor.walk("#/lounge")
    for attack in ATTACKS:
        visitor.page.locator(".entry").filter(has_text=attack).wait_for()
    assert visitor.page.evaluate("window.stolen") is None
    assert visitor.page.locator(".entry :is(script, svg, img[src=x], a[href^=javascript])").count() == 0


def test_text_from_right_to_left_moves_nothing_around_it(
    school: School, visit: Callable[..., Visitor]
) -> None:
    """The text has its own direction, and an embedding that is left open ends with it."""
    token = call(school, "/user/api/token/", {"username": "demo1-00003", "password": PASSWORD})["access"]
    texts = {"rtl": "שלום לכל הבית", "ltr": "Hello \u202b\u2067to the house"}
    for text in texts.values():
        call(school, "/lounge/", {"content": text}, token)

    visitor = visit()
    visitor.sign_in()
    visitor.walk("#/lounge")
    for direction, text in texts.items():
        entry = visitor.page.locator(".entry").filter(has_text=text)
        entry.wait_for()
        assert entry.locator(".entry-text").evaluate("e => getComputedStyle(e).direction") == direction
        head = entry.locator(".entry-head").evaluate("e => getComputedStyle(e).direction")
        isolation = entry.locator(".entry-head bdi").evaluate("e => getComputedStyle(e).unicodeBidi")
        assert (head, isolation) == ("ltr", "isolate")
    assert visitor.page.locator(".tile-name").count() == visitor.page.locator(".tile-name bdi").count()


def test_a_name_from_right_to_left_keeps_its_place_in_a_sentence(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.open()
    sentences = visitor.page.evaluate(
        """async () => {
            const { t } = await import('/web/lib/i18n.js');
            return ['שרה', 'Luna', '김루나'].map((name) => t('room.welcome', { name }));
        }"""
    )
    assert "\u2068שרה\u2069" in sentences[0]
    assert not any("\u2068" in sentence for sentence in sentences[1:])


def test_a_script_in_the_page_finds_no_token(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in()
    # What such a script could reach, and what the browser really holds.
    reachable = visitor.page.evaluate(
        """async () => {
            const paths = ['/web/lib/api.js', '/web/lib/browser-storage.js'];
            const modules = await Promise.all(paths.map((path) => import(path)));
            const seen = [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
            for (const module of modules) {
                for (const value of Object.values(module)) seen.push(String(value), JSON.stringify(value) ?? '');
            }
            for (const name of Object.keys(window)) {
                try { seen.push(JSON.stringify(window[name]) ?? ''); } catch { /* the window itself */ }
            }
            return seen.join(' ');
        }"""
    )
    cookies = {cookie["name"]: cookie for cookie in visitor.context.cookies()}
    assert cookies["refresh"]["httpOnly"]
    assert cookies["refresh"]["sameSite"] == "Strict"
    assert cookies["refresh"]["value"].split(".")[0] not in reachable


def test_the_policy_stops_a_script_that_got_into_the_page(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.open()
    ran = visitor.page.evaluate(
        """() => {
            const script = document.createElement('script');
            script.textContent = 'window.stolen = 1';
            document.body.append(script);
            const image = document.createElement('img');
            image.setAttribute('onerror', 'window.stolen = 1');
            image.src = '/web/art/no-such-drawing.svg';
            document.body.append(image);
            return new Promise((resolve) => {
                image.addEventListener('error', () => setTimeout(() => resolve(window.stolen ?? null), 50));
            });
        }"""
    )
    assert ran is None
    # Here the browser is meant to complain, once for each.
    assert len(visitor.complaints) == 2
    visitor.complaints.clear()
