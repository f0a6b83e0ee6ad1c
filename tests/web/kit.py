"""A visitor: a browser profile with one page, with its console errors, and the accessibility check by axe."""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe_playwright_python
import numpy as np
import skimage.data
from PIL import Image

from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
# Milliseconds: far more than a portrait takes, for slow machines.
PORTRAIT_TIMEOUT = 120_000
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")


@functools.cache
def astronaut() -> bytes:
    """A JPEG with a face."""
    return jpeg(skimage.data.astronaut())


def no_face() -> bytes:
    """A JPEG of a bare gradient."""
    ramp = np.linspace(0, 255, 400, dtype=np.uint8)
    return jpeg(np.stack([np.tile(ramp, (400, 1))] * 3, axis=-1))


def jpeg(pixels: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=92)
    return out.getvalue()


class Visitor:
    """``complaints`` collects uncaught errors, and what breaks the content policy."""

    def __init__(self, context: BrowserContext, url: str, pictures: Path) -> None:
        self.context, self.url, self.pictures = context, url, pictures
        self.complaints: list[str] = []
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._listen)

    def _listen(self, message: ConsoleMessage) -> None:
        # A refused request is what a test may want, and the browser notes each on the console.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def open(self, hash_: str = "#/") -> None:
        """Reload the page at ``hash_``."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/{hash_}")
        self.page.locator("main:not([aria-busy]) h1").wait_for()

    def walk(self, hash_: str) -> None:
        """Go to another room without loading the page."""
        self.page.evaluate("hash => { location.hash = hash }", hash_)
        self.page.wait_for_url(f"**/{hash_}")
        self.page.locator("main:not([aria-busy]) h1").wait_for()

    def sign_in(self, username: str = "demo1-00001") -> None:
        """Sign in as a seeded student."""
        self.open("#/sign-in")
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url("**/#/room")

    def sign_up(self, username: str, fullname: str) -> None:
        """Sign up a new student, up to the photo page."""
        self.open("#/sign-up")
        self.page.fill("[name=fullname]", fullname)
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url("**/#/photo")

    def choose_photo(self, data: bytes, name: str = "me.jpg", kind: str = "image/jpeg") -> None:
        self.page.set_input_files("#photo-file", {"name": name, "mimeType": kind, "buffer": data})

    def send_photo(self, data: bytes) -> None:
        """Choose it, and send what the window shows."""
        self.choose_photo(data)
        self.page.locator(".crop-view").wait_for()
        self.page.locator("[data-act=send]").click()
        self.page.locator(".found, .problem").first.wait_for()

    def answer_all(self, birthday: str = "2004-02-13") -> None:
        """Every question of the sorting by keyboard, up to the last button."""
        page = self.page
        page.locator(".card-option").first.wait_for()
        while page.locator("input[type=date]").count() == 0:
            before = page.locator(".sorting-count").inner_text()
            page.keyboard.press("2")
            page.keyboard.press("Enter")
            page.wait_for_function(
                "text => document.querySelector('.sorting-count').innerText !== text", arg=before
            )
        page.fill("input[type=date]", birthday)
        page.locator("[data-act=onward]").click()
        page.locator(".houses").wait_for()
        page.keyboard.press("4")

    def keep(self, name: str) -> None:
        """Keep a picture of the whole page, without any check: the admin's markup is Django's."""
        number = len(list(self.pictures.iterdir())) + 1
        self.page.screenshot(path=self.pictures / f"{number:02d}-{name}.png", full_page=True)

    def look(self, name: str) -> None:
        """Keep a picture of the whole page, check that nothing overflows, and run axe.

        Raises AssertionError for what axe finds serious or critical.
        """
        # Animations at their end: the contrast of half faded text cannot be measured.
        self.page.evaluate(
            "Promise.allSettled(document.getAnimations().filter(a => a.effect.getComputedTiming()"
            ".iterations !== Infinity).map(a => a.finished))"
        )
        self.keep(name)
        sideways = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert sideways <= 0, f"{name} is {sideways} pixels wider than the screen"
        assert self.barriers() == [], name

    def barriers(self) -> list[tuple[str, str, list[Any]]]:
        """The rule, impact and places of what axe finds serious or critical."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        return [
            (fault["id"], fault["impact"], [node["target"] for node in fault["nodes"]])
            for fault in found["violations"]
            if fault["impact"] in ("serious", "critical")
        ]
