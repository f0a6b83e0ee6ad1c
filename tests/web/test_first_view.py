"""What a stranger's browser loads before it can show the front door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.web.kit import PHONE, Visitor
from tests.web.live_kit import WATCHED

# Of bytes on the wire, without pictures; a phone's first radio rounds carry no more at once.
MOST_BYTES = 60_000
MOST_REQUESTS = 45
# Milliseconds, and bytes a second: a poor mobile connection.
SLOW = {"offline": False, "latency": 300, "downloadThroughput": 200_000, "uploadThroughput": 90_000}


def test_the_first_view_needs_few_bytes_and_requests(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE)
    page = visitor.page
    wire = visitor.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", SLOW)
    kinds: dict[str, str] = {}
    sizes: dict[str, float] = {}
    wire.on("Network.responseReceived", lambda told: kinds.__setitem__(told["requestId"], told["type"]))

    def finished(told: dict[str, Any]) -> None:
        sizes[told["requestId"]] = told["encodedDataLength"]

    wire.on("Network.loadingFinished", finished)
    page.goto(f"{visitor.url}/", wait_until="commit")
    page.locator("main h1").wait_for()
    shown = page.evaluate("performance.now()")
    page.wait_for_load_state("networkidle")
    texts = {key: size for key, size in sizes.items() if kinds.get(key) != "Image"}
    print(f"{sum(texts.values()):.0f} bytes, {len(texts)} requests, heading after {shown:.0f} ms")  # noqa: T201
    assert sum(texts.values()) < MOST_BYTES
    assert len(texts) < MOST_REQUESTS
    # Nothing of it is asked for again by the next visit but the document.
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url) if request.resource_type != "image" else None
    )
    page.reload()
    page.locator("main h1").wait_for()
    kept = [url for url in asked if "/web/v-" in url]
    served = page.evaluate(
        "performance.getEntriesByType('resource')"
        ".filter(entry => entry.name.includes('/web/v-') && entry.transferSize > 0).length"
    )
    assert kept and served == 0


def test_nothing_moves_where_that_is_not_wanted(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE, reduced_motion="reduce")
    visitor.open()
    visitor.page.wait_for_load_state("networkidle")
    shown = visitor.page.locator(".door img").evaluate_all("images => images.map(image => image.currentSrc)")
    assert len(shown) == 3 and all(source.endswith(".jpg") for source in shown)
    visitor.look("door-at-rest")


def test_the_portraits_of_the_front_door_are_films_where_they_cannot_be_played(
    visit: Callable[..., Visitor],
) -> None:
    visitor = visit()
    visitor.page.add_init_script(WATCHED + "window.noWebGl = true;")
    visitor.open()
    film = "images => images.every(image => /[.](avif|webp)$/.test(image.currentSrc))"
    visitor.page.locator(".door img").nth(2).wait_for()
    visitor.page.wait_for_function(f"() => ({film})([...document.querySelectorAll('.door img')])")
    visitor.look("door")
