"""What a stranger's browser loads before it can show the front door."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.web.kit import PHONE, Visitor
from tests.web.live_kit import WATCHED

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

# Of bytes on the wire, without pictures; a phone's first radio rounds carry no more at once.
MOST_BYTES = 60_000
# The player of live portraits, which is loaded when all else is there.
PLAYER_BYTES = 30_000
MOST_REQUESTS = 12
# Milliseconds, and bytes a second: a poor mobile connection.
SLOW = {"offline": False, "latency": 300, "downloadThroughput": 200_000, "uploadThroughput": 90_000}


class Wire:
    """What goes over a slow connection: the sizes of texts, by request."""

    def __init__(self, visitor: Visitor) -> None:
        wire = visitor.context.new_cdp_session(visitor.page)
        wire.send("Network.enable")
        wire.send("Network.emulateNetworkConditions", SLOW)
        self._kinds: dict[str, str] = {}
        self._sizes: dict[str, float] = {}
        wire.on("Network.responseReceived", self._answered)
        wire.on("Network.loadingFinished", self._finished)

    def _answered(self, told: dict[str, Any]) -> None:
        live = told["response"]["url"].endswith(".live")
        self._kinds[told["requestId"]] = "Image" if live else told["type"]

    def _finished(self, told: dict[str, Any]) -> None:
        self._sizes[told["requestId"]] = told["encodedDataLength"]

    @property
    def texts(self) -> list[float]:
        """Of all but pictures; a live portrait is one."""
        return [size for key, size in self._sizes.items() if self._kinds.get(key) != "Image"]

    def tell(self, what: str, page: Page) -> None:
        """Print the numbers; a time depends on the machine, so that none is asserted."""
        shown = page.evaluate("performance.now()")
        print(f"{what}: {sum(self.texts):.0f} bytes, {len(self.texts)} requests, {shown:.0f} ms")  # noqa: T201


def test_the_first_view_needs_few_bytes_and_requests(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE)
    page = visitor.page
    wire = Wire(visitor)
    page.goto(f"{visitor.url}/", wait_until="commit")
    page.locator("main h1").wait_for()
    wire.tell("heading", page)
    assert len(wire.texts) < MOST_REQUESTS
    assert sum(wire.texts) < MOST_BYTES
    page.wait_for_load_state("networkidle")
    wire.tell("with the player", page)
    assert sum(wire.texts) < MOST_BYTES + PLAYER_BYTES
    # Nothing of it is asked for again by the next visit but the document.
    page.reload()
    page.locator("main h1").wait_for()
    entries = "performance.getEntriesByType('resource').filter(entry => entry.name.includes('/web/v-'))"
    assert page.evaluate(f"{entries}.length") > 0
    assert page.evaluate(f"{entries}.filter(entry => entry.transferSize > 0).length") == 0


def test_the_lounge_shows_its_outlines_first(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE)
    visitor.sign_in()
    page = visitor.page
    page.goto("about:blank")
    wire = Wire(visitor)
    held: list[Route] = []
    page.route("**/lounge/gallery/?*", lambda route: held.append(route))
    page.goto(f"{visitor.url}/#/lounge", wait_until="commit")
    page.locator(".tile-outline").first.wait_for()
    wire.tell("outlines of the lounge", page)
    visitor.look("lounge-outlines")
    held[0].continue_()
    page.locator("button.tile").first.wait_for()
    wire.tell("lounge", page)
    assert page.locator(".tile-outline").count() == 0
    assert sum(wire.texts) < 2 * MOST_BYTES


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
