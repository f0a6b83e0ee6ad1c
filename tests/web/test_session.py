"""A session lasts over reloads and expired access tokens until it is ended."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import jwt
from playwright.sync_api import Route

from demo.browser import School
from tests.conftest import PASSWORD
from tests.paths import ROOT
from tests.web.kit import PHONE, Visitor


def test_a_reload_keeps_the_session(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.open("#/lounge")
    assert visitor.page.url.endswith("#/lounge")


def test_an_expired_token_is_renewed_by_itself(school: School, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in()
    statuses: list[int] = []

    def expire(route: Route) -> None:
        """Let the page's call go out with its own token, aged by an hour; the server really refuses it."""
        key = school.environment["SECRET_KEY"]
        token = (route.request.header_value("authorization") or "").removeprefix("Bearer ")
        claims = jwt.decode(token, key, algorithms=["HS256"])
        aged = jwt.encode({**claims, "exp": int(time.time()) - 3600}, key, "HS256")
        answer = route.fetch(headers={**route.request.headers, "authorization": f"Bearer {aged}"})
        statuses.append(answer.status)
        route.fulfill(response=answer)

    visitor.page.route("**/lounge/board/**", expire, times=1)
    with visitor.page.expect_response("**/user/api/token/refresh/") as renewal:
        visitor.walk("#/lounge")
    assert statuses == [401]
    assert renewal.value.ok
    assert visitor.page.locator(".problem").count() == 0
    visitor.page.locator(".guestbook > form").wait_for()


def test_two_tabs_renew_their_tokens_at_the_same_moment(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in()
    tabs = [visitor.context.new_page() for _ in range(3)]
    for tab in tabs:
        tab.goto(f"{visitor.url}/#/room", wait_until="commit")
    for tab in tabs:
        tab.locator(".room-title").wait_for()


def test_signing_out_ends_the_session_in_every_tab(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in()
    other = visitor.context.new_page()
    other.goto(f"{visitor.url}/#/room")
    other.locator(".room-title").wait_for()

    visitor.page.locator("header button").last.click()
    visitor.page.locator(".hero").wait_for()
    other.locator("[name=password]").wait_for()
    visitor.open("#/room")
    assert visitor.page.url.endswith("#/sign-in")
    assert [cookie for cookie in visitor.context.cookies() if cookie["name"] == "refresh"] == []


def test_an_entry_that_was_just_deleted_is_gone_after_signing_out(visit: Callable[..., Visitor]) -> None:
    text = "This one I shall regret at once."
    visitor = visit()
    visitor.sign_in()
    visitor.walk("#/lounge")
    visitor.page.fill("[name=content]", text)
    visitor.page.locator(".write [type=submit]").click()
    entry = visitor.page.locator(".entry").filter(has_text=text)
    entry.get_by_role("button", name="Delete").click()
    visitor.page.locator(".gone button").wait_for()
    visitor.page.locator("header button").last.click()
    visitor.page.locator(".hero").wait_for()
    visitor.sign_in()
    visitor.walk("#/lounge")
    visitor.page.locator(".entry").first.wait_for()
    assert entry.count() == 0


def test_a_session_that_was_ended_elsewhere_leads_to_the_door_and_back(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.context.clear_cookies()
    visitor.open("#/lounge")
    assert visitor.page.url.endswith("#/sign-in")
    visitor.page.fill("[name=username]", "demo1-00001")
    visitor.page.fill("[name=password]", PASSWORD)
    visitor.page.click("button[type=submit]")
    visitor.page.wait_for_url("**/#/lounge")


def test_a_forgotten_password_is_replaced_by_a_link_and_the_name_is_changed(
    school: School, visit: Callable[..., Visitor]
) -> None:
    visitor = visit("ko", **PHONE)
    page = visitor.page
    visitor.open("#/sign-in")
    page.click("a[href='#/forgotten']")
    page.wait_for_url("**/#/forgotten")
    page.get_by_text("교직원에게").wait_for()
    visitor.look("forgotten")

    program = (
        "from user import recovery; from user.models import User; "
        "print(recovery.link_for(User.objects.get(username='demo1-00004'), ''))"
    )
    made = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", program],
        cwd=ROOT,
        env=school.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    link = made.stdout.split("/#", 1)[1].strip()
    visitor.open(f"#{link}")
    field = page.locator("[name=new_password]")
    field.fill("1234")
    page.get_by_label("비밀번호 보기").click()
    assert field.get_attribute("type") == "text"
    visitor.look("new-password")
    page.click("button[type=submit]")
    # All that is wrong with it, and it is hidden again.
    page.locator(".fault:not([hidden])").wait_for()
    assert page.locator(".fault").inner_text().count(".") >= 3
    assert field.get_attribute("type") == "password"
    field.fill(f"another-{PASSWORD}")
    page.click("button[type=submit]")
    page.wait_for_url("**/#/room")

    visitor.walk("#/account")
    page.fill("[name=fullname]", "علی\u200cرضا 🧙🏽")
    page.click("section[aria-labelledby=name] button[type=submit]")
    page.locator(".own-name", has_text="🧙🏽").wait_for()
    visitor.look("account")
    visitor.open(f"#{link}")
    field.fill(f"third-{PASSWORD}")
    page.click("button[type=submit]")
    page.locator(".problem").wait_for()
