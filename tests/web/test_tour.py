"""A student's whole visit, from the sign-up to the deleted account, in both languages, on a phone and a desktop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dormitory.seeds.houses import HOUSES
from tests.conftest import PASSWORD
from tests.web.kit import DESKTOP, PHONE, PORTRAIT_TIMEOUT, Visitor, astronaut

NAMES = {"ko": "한도윤", "en": "Luna Moonfield"}


@pytest.mark.parametrize(
    ("language", "device"), [("ko", PHONE), ("en", DESKTOP)], ids=["ko-phone", "en-desktop"]
)
def test_a_student_walks_through_the_whole_school(
    visit: Callable[..., Visitor], language: str, device: dict[str, Any]
) -> None:
    visitor = visit(language, **device)
    page = visitor.page

    visitor.open()
    assert page.evaluate("document.documentElement.lang") == language
    visitor.look("welcome")

    # The account.
    page.click(".hero a[href='#/sign-up']")
    page.locator("form").wait_for()
    visitor.look("sign-up")
    page.click("button[type=submit]")
    page.locator(".fault:visible").nth(2).wait_for()
    visitor.look("sign-up-refused")
    visitor.sign_up(f"tour-{language}", NAMES[language])

    # The photo.
    page.locator(".toast").wait_for(state="detached")
    visitor.look("photo")
    visitor.choose_photo(astronaut())
    page.locator(".crop-view").wait_for()
    page.click(".wishes summary")
    page.locator(".choice").nth(3).wait_for()
    page.locator("input[value=nod]").check()
    assert not page.locator("input[name=look]").is_checked()
    page.locator("input[name=look]").check()
    visitor.look("photo-window")
    page.click("[data-act=send]")
    page.locator("[data-found]").wait_for(timeout=PORTRAIT_TIMEOUT)
    visitor.look("photo-found")

    # The sorting, forth and back.
    page.click("[data-act=onward]")
    page.locator(".card-option").first.wait_for()
    visitor.look("sorting")
    # Keys are explained only where there are some.
    assert page.locator(".keys-hint:visible, .key:visible").count() == (0 if device is PHONE else 5)
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    page.locator(".card-option input:checked").wait_for(state="detached")
    page.keyboard.press("Backspace")
    page.locator(".card-option input:checked").wait_for(state="attached")
    visitor.answer_all()
    visitor.look("sorting-house")
    page.keyboard.press("Enter")

    # The house, while the portrait is being made, and the portrait.
    page.locator(".reveal-frame img").first.wait_for()
    assert page.evaluate("document.documentElement.dataset.house") in "1234"
    colour = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--house-colour')")
    assert colour in {house.colour for house in HOUSES}
    visitor.look("reveal")
    page.locator(".reveal-portrait a[href='#/card']").wait_for(timeout=PORTRAIT_TIMEOUT)
    page.locator(".reveal-frame img").nth(1).wait_for(state="detached")
    film = page.locator(".reveal-frame img").get_attribute("src") or ""
    assert film.endswith(".webp")
    visitor.look("reveal-finished")

    # The card, to look at and to keep.
    page.click(".reveal-portrait a[href='#/card']")
    page.locator(".card-stage img").first.wait_for(state="attached")
    visitor.look("card")
    with page.expect_download() as download:
        page.locator(".format").first.click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")

    # The room, and another portrait.
    visitor.walk("#/room")
    page.locator(".room-portrait moving-portrait").wait_for()
    page.wait_for_function("() => document.querySelector('.room-portrait moving-portrait').live")
    visitor.look("room")
    visitor.walk("#/choose")
    page.locator(".earlier li").wait_for()
    assert page.locator(".choice input[value=nod]").is_checked()
    visitor.look("choose")

    # The lounge: an entry is written, changed and deleted.
    visitor.walk("#/lounge")
    visitor.look("lounge")
    write_change_delete(visitor)

    # The end.
    visitor.walk("#/account")
    visitor.look("account")
    page.locator("section[aria-labelledby=delete] [type=password]").fill(PASSWORD)
    page.locator("section[aria-labelledby=delete] [type=submit]").click()
    page.locator("dialog .danger").wait_for()
    visitor.look("account-farewell")
    page.locator("dialog .danger").click()
    page.locator(".hero").wait_for()
    visitor.walk("#/sign-in")
    page.fill("[name=username]", f"tour-{language}")
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.locator(".problem").wait_for()


def write_change_delete(visitor: Visitor) -> None:
    page = visitor.page
    words = "벽난로 옆자리는 제 거예요 · the seat by the fire is mine"
    page.fill(".guestbook > form textarea", words)
    page.click(".guestbook > form [type=submit]")
    entry = page.locator(".entry").filter(has_text=words)
    entry.wait_for()
    visitor.look("lounge-entry")
    entry.locator(".link-button").first.click()
    page.locator(".entry textarea").fill(f"{words}!")
    for button in page.locator(".entry .edit .button").all():
        box = button.bounding_box()
        assert box and box["height"] < 60, "a button's text is broken into lines"
    page.locator(".entry [type=submit]").click()
    changed = page.locator(".entry").filter(has_text=f"{words}!")
    changed.wait_for()
    # Deleted at once for the eye, and for good when the room is left.
    changed.locator(".link-button").nth(1).click()
    page.locator(".gone").wait_for()
    with page.expect_response("**/lounge/delete/*/") as deleted:
        visitor.walk("#/card")
    assert deleted.value.ok
    visitor.walk("#/lounge")
    page.locator(".entry").first.wait_for()
    assert changed.count() == 0
