"""The page follows a portrait by server-sent events, and by polling where these do not arrive."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Route

from tests.web.kit import PORTRAIT_TIMEOUT, Visitor, astronaut

EVENTS, POLL = "/user/portrait/events", "/user/portrait/"


def asked(visitor: Visitor) -> list[str]:
    """Collects the paths of the page's requests for the state of the portrait."""
    paths: list[str] = []

    def note(url: str) -> None:
        if (path := urlsplit(url).path) in (EVENTS, POLL):
            paths.append(path)

    visitor.page.on("request", lambda request: note(request.url))
    return paths


def sent_a_photo(visitor: Visitor, name: str) -> list[str]:
    visitor.sign_up(name, name.title())
    paths = asked(visitor)
    visitor.send_photo(astronaut())
    visitor.page.locator(".found [role=progressbar]").wait_for(timeout=PORTRAIT_TIMEOUT)
    return paths


def test_a_portrait_is_followed_by_one_request(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    paths = sent_a_photo(visitor, "streamed")
    visitor.page.locator(".found img[src*='.webp']").wait_for(timeout=PORTRAIT_TIMEOUT)
    assert paths == [EVENTS]


def test_where_a_proxy_keeps_the_events_back_the_page_polls(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    kept: list[Route] = []
    visitor.page.route(f"**{EVENTS}", lambda route: kept.append(route))
    paths = sent_a_photo(visitor, "polled")
    visitor.page.locator(".found img").wait_for(timeout=PORTRAIT_TIMEOUT)
    assert len(kept) == 1 and paths[:2] == [EVENTS, POLL]
