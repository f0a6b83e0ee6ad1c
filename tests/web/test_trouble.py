"""Errors on the page: explained in words, with a next step, and without losing input."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Route

from demo.browser import School
from tests.web.kit import PORTRAIT_TIMEOUT, Visitor, astronaut, no_face


def test_a_photo_without_a_face_is_refused_kindly(visit: Callable[..., Visitor]) -> None:
    visitor = visit("ko")
    visitor.sign_up("faceless", "얼굴없음")
    visitor.send_photo(no_face())
    visitor.page.locator(".problem").filter(has_text="얼굴을 찾지 못했어요").wait_for(
        timeout=PORTRAIT_TIMEOUT
    )
    visitor.page.locator("label[for=photo-file]").wait_for()
    visitor.look("no-face")
    # The photo can be turned or moved and sent again without choosing it again.
    visitor.page.locator("[data-act=same]").click()
    visitor.page.locator(".crop-view").wait_for()


def test_a_file_that_is_too_big_is_not_even_sent(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_up("bigfile", "Big File")
    sent: list[str] = []
    visitor.page.on("request", lambda request: sent.append(request.url))
    visitor.choose_photo(bytes(10 * 2**20 + 1), "me.heic", "image/heic")
    visitor.page.locator(".problem").filter(has_text="10 MB").wait_for()
    assert not [url for url in sent if url.endswith("/user/main/")]
    visitor.look("too-big")


def test_a_file_that_is_no_picture_is_refused_by_the_server_and_explained(
    visit: Callable[..., Visitor],
) -> None:
    visitor = visit()
    visitor.sign_up("nopicture", "No Picture")
    visitor.choose_photo(b"once upon a time", "me.jpg")
    visitor.page.click("[data-act=send]")
    visitor.page.locator(".problem").filter(has_text="JPEG").wait_for()


def test_what_was_answered_survives_an_interrupted_connection(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_up("offline", "Off Line")
    visitor.send_photo(astronaut())
    visitor.page.click("[data-act=onward]")
    visitor.answer_all()
    visitor.context.set_offline(True)
    visitor.page.keyboard.press("Enter")
    visitor.page.locator(".problem").filter(has_text="no connection").wait_for()
    visitor.look("offline")
    # No button is pressed: the page continues by itself.
    visitor.context.set_offline(False)
    visitor.page.wait_for_url("**/#/reveal")


def test_a_guestbook_entry_survives_an_interrupted_connection(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in("demo1-00003")
    visitor.walk("#/lounge")
    visitor.page.fill(".guestbook > form textarea", "Written on a train, between two tunnels.")
    visitor.context.set_offline(True)
    visitor.page.click(".guestbook > form [type=submit]")
    visitor.page.locator(".problem").wait_for()
    assert (
        visitor.page.input_value(".guestbook > form textarea") == "Written on a train, between two tunnels."
    )
    visitor.context.set_offline(False)
    visitor.page.locator(".entry").filter(has_text="between two tunnels").wait_for()


def test_a_busy_server_is_tried_again_when_it_said_so(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in()
    # As a proxy answers while the service restarts.
    busy = {"status": 503, "headers": {"Retry-After": "1"}, "body": "<h1>Service Unavailable</h1>"}

    def refuse(route: Route) -> None:
        route.fulfill(**busy)  # type: ignore[arg-type]

    visitor.page.route("**/lounge/board/**", refuse, times=1)
    visitor.page.evaluate("location.hash = '#/lounge'")
    visitor.page.locator(".problem").filter(has_text="very busy").wait_for()
    visitor.page.locator(".guestbook > form").wait_for()


def test_a_room_without_a_network_says_so_and_opens_when_it_is_back(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in()
    # The lounge's module and style sheet were never loaded.
    visitor.context.set_offline(True)
    visitor.page.evaluate("location.hash = '#/lounge'")
    visitor.page.locator(".problem").filter(has_text="no connection").wait_for()
    visitor.look("room-offline")
    visitor.context.set_offline(False)
    visitor.page.locator(".guestbook > form").wait_for()
    assert visitor.page.locator(".problem").count() == 0
    assert styles(visitor) == []


def test_a_page_whose_style_sheet_failed_waits_for_it(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.page.route("**/pages/lounge.css", lambda route: route.abort(), times=1)
    visitor.page.evaluate("location.hash = '#/lounge'")
    visitor.page.locator(".problem").wait_for()
    visitor.page.locator(".guestbook > form").wait_for()  # without a press and without the browser's event
    assert styles(visitor) == []

    for part in ("**/styles/components.css", "**/lib/toast.js"):
        visitor.page.route(part, lambda route: route.abort(), times=1)
        visitor.page.reload()
        visitor.page.locator("main:not([aria-busy]) h1").wait_for()
        assert styles(visitor) == []


def styles(visitor: Visitor) -> list[str]:
    """The style sheets that the page names and does not have."""
    links = "[...document.querySelectorAll('link[rel=stylesheet]')]"
    missing: list[str] = visitor.page.evaluate(
        f"{links}.filter((link) => !link.sheet).map((link) => link.href)"
    )
    return missing


def test_the_sortings_answers_survive_a_reload(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    page = visitor.page
    visitor.sign_up("reload", "Re Load")
    visitor.send_photo(astronaut())
    page.click("[data-act=onward]")
    page.locator(".card-option").first.wait_for()
    for key in ("2", "Enter", "3"):
        page.keyboard.press(key)
    chosen = page.locator(".card-option:has(input:checked)").inner_text()
    page.reload()
    page.locator(".card-option").first.wait_for()
    assert page.locator(".sorting-count").inner_text().startswith("2 ")
    assert (
        page.locator(".card-option:has(input:checked)").inner_text().split("\n")[-1] == chosen.split("\n")[-1]
    )
    page.keyboard.press("Backspace")
    assert page.locator(".card-option input:checked").count() == 1
    # What another program wrote there is no answer.
    page.evaluate("Object.keys(sessionStorage).forEach((key) => sessionStorage.setItem(key, '{'))")
    page.reload()
    page.locator(".card-option").first.wait_for()


# The state after a third lost lease: the job has failed and has no lease.
FAIL = """
from django.db.models import F
from django.utils import timezone
from portrait.queue import projection
from portrait.models import PortraitJob
jobs = PortraitJob.objects.filter(student__username="demo1-00004")
jobs.update(state="failed", lease=F("lease") + 1, error_code="child_killed", finished_at=timezone.now())
projection.refresh(jobs.get().student_id)
"""


def test_a_portrait_that_failed_is_painted_at_the_second_try(
    school: School, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    visitor.sign_in("demo1-00004")
    visitor.walk("#/photo")
    visitor.send_photo(astronaut())
    school.manage("shell", "-c", FAIL)
    visitor.open("#/room")
    retry = visitor.page.get_by_role("button", name="Paint it again")
    retry.wait_for()
    visitor.look("failed")

    retry.click()
    visitor.page.locator("[role=progressbar], progress").first.wait_for()
    visitor.page.locator(".wall moving-portrait").wait_for(timeout=PORTRAIT_TIMEOUT)
    assert retry.count() == 0


def test_motion_is_shown_to_those_who_want_it_only(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.page.emulate_media(reduced_motion="reduce")
    paths: list[str] = []
    visitor.page.on("request", lambda request: paths.append(urlsplit(request.url).path))
    visitor.sign_in()
    visitor.walk("#/choose")
    visitor.page.locator(".preview img").first.wait_for()
    visitor.page.wait_for_load_state("networkidle")
    assert [path for path in paths if "/previews/" in path and path.endswith(".jpg")]
    assert not [path for path in paths if path.endswith(".webp")]
