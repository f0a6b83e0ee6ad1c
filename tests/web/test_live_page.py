"""The front door's portraits and the page to play with one, in both languages."""

from __future__ import annotations

from collections.abc import Callable

from tests.web.kit import DESKTOP, PHONE, Visitor

ALL_LIVE = "() => [...document.querySelectorAll('moving-portrait')].filter(one => one.live).length"


def test_three_portraits_at_the_front_door_look_at_the_pointer(visit: Callable[..., Visitor]) -> None:
    visitor = visit("ko", **DESKTOP)
    page = visitor.page
    visitor.open()
    page.wait_for_function(f"() => ({ALL_LIVE})() === 3")
    page.mouse.move(5, 500)
    page.wait_for_function(
        "() => [...document.querySelectorAll('moving-portrait')].every(one => one.amplitudes.lookRight < -0.3)"
    )
    visitor.look("front-door")


def test_a_slider_holds_the_portrait_and_a_button_lets_it_go(visit: Callable[..., Visitor]) -> None:
    visitor = visit("en", **PHONE)
    page = visitor.page
    page.goto(f"{visitor.url}/live/")
    page.wait_for_function(f"() => ({ALL_LIVE})() === 1")
    page.locator(".live-slider input").nth(7).fill("1")
    assert page.evaluate("document.querySelector('moving-portrait').amplitudes.blink") == 1
    visitor.look("live")
    page.locator(".live-stage .button.quiet").click()
    # It moves only where it is seen.
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function("() => document.querySelector('moving-portrait').amplitudes.blink < 1")


def test_a_file_of_ones_own_is_played(visit: Callable[..., Visitor]) -> None:
    visitor = visit("en")
    page = visitor.page
    page.goto(f"{visitor.url}/live/")
    page.wait_for_function(f"() => ({ALL_LIVE})() === 1")
    page.set_input_files("input[type=file]", "web/art/live/nikolai-gogol.live")
    page.wait_for_function(
        "() => { const one = document.querySelector('moving-portrait');"
        " return one.live && one.model.about.style === 'great-wave' }"
    )
