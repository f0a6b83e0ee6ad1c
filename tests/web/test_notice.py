""" "Your portrait is ready": a notification for who has asked for it and looks at something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.app_kit import QUESTION, until, wait_for_worker
from tests.web.kit import DESKTOP, PHONE, Visitor, astronaut

if TYPE_CHECKING:
    from playwright.sync_api import Page

HIDE = "Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' })"
SHOWN = (
    "() => navigator.serviceWorker.getRegistration().then(worker => worker.getNotifications())"
    ".then(list => list.map(({ title, body, icon, lang, data }) => ({ title, body, icon, lang, data })))"
)
TAP = (
    "async () => { const [notification] = await self.registration.getNotifications();"
    " self.dispatchEvent(new NotificationEvent('notificationclick', { notification })); }"
)
TITLE = {"ko": "초상화가 완성되었어요", "en": "Your portrait is ready"}


def send_photo(visitor: Visitor, name: str) -> Page:
    """As a new student, up to the moment in which the painter has the photo."""
    visitor.page.add_init_script(QUESTION)
    visitor.sign_up(name, "No Tice")
    wait_for_worker(visitor.page)
    visitor.send_photo(astronaut())
    return visitor.page


@pytest.mark.parametrize(
    ("language", "device"), [("ko", PHONE), ("en", DESKTOP)], ids=["ko-phone", "en-desktop"]
)
def test_who_has_asked_is_told_and_a_tap_leads_to_the_page(
    visit: Callable[..., Visitor], language: str, device: dict[str, Any]
) -> None:
    visitor = visit(language, **device)
    page = send_photo(visitor, f"notice-{language}")
    page.locator("[data-act=notice]").wait_for()
    # The page itself did not ask for the permission.
    assert page.evaluate("window.questions") == 0
    page.locator("[data-act=notice]").click()
    assert page.evaluate("window.questions") == 1
    visitor.context.grant_permissions(["notifications"])
    page.evaluate("window.decide('granted')")
    page.locator("[data-act=notice]").wait_for(state="detached")

    # The page is out of sight, and shows another room than that of the portrait.
    page.evaluate(HIDE)
    visitor.walk("#/account")
    until(page, f"() => ({SHOWN})().then(list => list.length > 0)", seconds=120)
    (notification,) = page.evaluate(SHOWN)
    assert (notification["title"], notification["lang"]) == (TITLE[language], language)
    assert notification["icon"].endswith("/web/art/app-192.png")
    assert "No Tice" not in str(notification)

    (worker,) = visitor.context.service_workers
    worker.evaluate(TAP)
    # The room, or the step before it of a student who is not sorted yet.
    page.wait_for_url("**/#/sorting")
    until(page, f"() => ({SHOWN})().then(list => list.length === 0)")


def test_who_sees_the_page_or_has_denied_is_left_alone(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    page = send_photo(visitor, "denied")
    page.locator("[data-act=notice]").click()
    # The browser's own answer without a consent.
    page.evaluate("void Object.defineProperty(Notification, 'permission', { get: () => 'denied' })")
    page.evaluate("window.decide('denied')")
    page.locator(".notice").wait_for(state="hidden")
    page.locator(".found-frame img[src*='.webp']").wait_for(timeout=120_000)
    assert page.evaluate(SHOWN) == []
    assert page.evaluate("window.questions") == 1

    # One that is allowed is not shown while the page is in sight.
    other = visit()
    other.context.grant_permissions(["notifications"])
    seen = send_photo(other, "seeing")
    seen.locator(".notice:visible").wait_for()
    seen.locator(".found-frame img[src*='.webp']").wait_for(timeout=120_000)
    assert seen.evaluate(SHOWN) == []
    assert seen.locator(".notice:visible").count() == 0
