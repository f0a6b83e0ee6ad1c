"""A new student's way to the reveal and the lounge in Firefox and WebKit: other tests of the page use Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.browser import NoBrowser, School
from tests.conftest import PASSWORD
from tests.web.kit import PORTRAIT_TIMEOUT, astronaut
from tests.web.webdriver import Driver, Firefox, WebKit

PORTRAIT_SECONDS = PORTRAIT_TIMEOUT / 1000
COUNT = "return document.querySelector('.sorting-count').innerText"


@pytest.fixture(params=[Firefox, WebKit])
def driver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Driver]:
    """Skips where the browser is not installed."""
    try:
        opened: Driver = request.param(tmp_path)
    except NoBrowser as error:
        pytest.skip(str(error))
    yield opened
    opened.close()


def test_a_stranger_is_painted_sorted_and_in_the_lounge(
    driver: Driver, school: School, pictures: Path
) -> None:
    kind = type(driver).__name__.lower()
    driver.open(f"{school.url}/")
    driver.find(".door .portrait")
    driver.click(".hero a[href='#/sign-up']")
    driver.fill("[name=fullname]", "Other Browser")
    driver.fill("[name=username]", kind)
    driver.fill("[name=password]", PASSWORD)
    driver.click("button[type=submit]")

    photo = pictures / "me.jpg"
    photo.write_bytes(astronaut())
    driver.choose_file("#photo-file", photo)
    driver.find(".crop-view")
    driver.click("[data-act=send]")
    driver.find("[data-found]", PORTRAIT_SECONDS)
    driver.picture(pictures / "found.png")

    # A tap on an answer goes on by itself.
    driver.click("[data-act=onward]")
    driver.find(".card-option")
    while not driver.run("return document.querySelector('input[type=date]')"):
        before = driver.run(COUNT)
        driver.click(".card-option")
        driver.wait(lambda before=before: driver.run(COUNT) != before, "the next question")  # type: ignore[misc]
    # What is typed depends on the browser's language.
    driver.run(
        "const [date] = document.getElementsByName('birthday');"
        "date.value = '2004-02-13'; date.dispatchEvent(new Event('input'))"
    )
    driver.click("[data-act=onward]")
    driver.click(".houses .card-option")
    driver.click("[data-act=onward]")

    # The film, and the portrait that looks back or, without WebGL, the film.
    driver.find(".reveal-portrait a[href='#/card']", PORTRAIT_SECONDS)
    shown = "[...document.querySelectorAll('.reveal-frame img')].at(-1)"
    driver.wait(lambda: driver.run(f"return {shown}.complete && {shown}.naturalWidth"), "the film")
    assert driver.run(f"return {shown}.currentSrc").endswith((".avif", ".webp"))
    driver.picture(pictures / "reveal.png")
    driver.walk("#/room")
    hung = "const one = document.querySelector('.room-portrait .portrait'); return one.live ?? one.matches('picture')"
    driver.wait(lambda: driver.run(hung), "the portrait of the room")

    driver.walk("#/lounge")
    driver.click("button.tile")
    driver.find("dialog.viewer .portrait")
    driver.picture(pictures / "lounge.png")
    driver.click("dialog.viewer .button")
    driver.wait(lambda: not driver.run("return document.querySelector('dialog')"), "the closed dialog")
    assert driver.complaints == []
