"""A page with live portraits and nothing else, served from memory to a browser profile."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from common.page import CONTENT_TYPES
from portrait.engine.live.poses import Amplitudes
from portrait.engine.photo.picture import Picture

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

SITE = "http://portraits.test"
PAGE = """<!doctype html><meta charset="utf-8"><title>Portraits</title><body style="margin:0">
<script type="module" src="/web/lib/live.js"></script>%s"""
PLAYS = "() => [...document.querySelectorAll('moving-portrait')].every(one => one.live)"
DRAWN = """held => {
  const one = document.querySelector("moving-portrait");
  one.hold(held);
  return one.canvas.toDataURL();
}"""


class PlayerPage:
    """``web``: the folder with the player. ``files``: what is served beside it, by path.

    ``profile``: options of Playwright's ``Browser.new_context``. ``asked``: the paths that the browser asked for;
    ``complaints``: what the page logged as errors.
    """

    def __init__(
        self, browser: Browser, web: Path, body: str, files: Mapping[str, bytes], **profile: Any
    ) -> None:
        self.web, self.files, self.body = web, files, body
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.context = browser.new_context(**profile)
        self.context.route(f"{SITE}/**", self._answer)
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda told: self.complaints.append(told.text) if told.type == "error" else None
        )

    def _answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        self.asked.append(path)
        if path == "/":
            route.fulfill(body=PAGE % self.body, content_type="text/html")
        elif path in self.files:
            route.fulfill(body=self.files[path])
        elif path.startswith("/web/"):
            file = self.web / path.removeprefix("/web/")
            route.fulfill(body=file.read_bytes(), content_type=CONTENT_TYPES[file.suffix])
        else:
            route.fulfill(status=404)

    def open(self) -> Page:
        self.page.goto(f"{SITE}/")
        return self.page

    def play(self, timeout: float = 30.0) -> Page:
        """Open the page and wait until every portrait plays, for ``timeout`` seconds at most."""
        page = self.open()
        page.wait_for_function(PLAYS, timeout=timeout * 1000)
        return page

    def drawn(self, amplitudes: Amplitudes) -> Picture:
        """What the first portrait draws for these amplitudes, uint8 (S, S, 3)."""
        held = {_camel(name): value for name, value in amplitudes.by_name.items()}
        url: str = self.page.evaluate(DRAWN, held)
        with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
            return np.asarray(image.convert("RGB"))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))
