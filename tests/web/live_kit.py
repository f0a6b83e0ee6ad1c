"""A page with live portraits and nothing else, served from memory to a browser profile."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.page import CONTENT_TYPES
from tests.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

SITE = "http://portraits.test"
PAGE = """<!doctype html><meta charset="utf-8"><title>Portraits</title><body style="margin:0">
<script type="module" src="/web/lib/live.js"></script>%s"""
# Counts the WebGL contexts of the page, and makes none where `window.noWebGl` is set before.
WATCHED = """
window.contexts = 0;
const original = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  if (kind !== "webgl2") return original.call(this, kind, ...rest);
  if (window.noWebGl) return null;
  window.contexts += 1;
  return (window.lastContext = original.call(this, kind, ...rest));
};
"""


class Site:
    """``files``: what is served beside the player, by path. ``asked``: the paths that the browser asked for."""

    def __init__(self, browser: Browser, body: str, files: dict[str, bytes], **profile: Any) -> None:
        self.files, self.body = files, body
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.context = browser.new_context(viewport={"width": 800, "height": 600}, **profile)
        self.context.route(f"{SITE}/**", self._answer)
        self.page: Page = self.context.new_page()
        self.page.add_init_script(WATCHED)
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
            file = ROOT / path[1:]
            route.fulfill(body=file.read_bytes(), content_type=CONTENT_TYPES[file.suffix])
        else:
            route.fulfill(status=404)

    def open(self) -> Page:
        self.page.goto(f"{SITE}/")
        return self.page

    def play(self) -> Page:
        """Open the page and wait until every portrait plays."""
        page = self.open()
        page.wait_for_function("[...document.querySelectorAll('moving-portrait')].every(one => one.live)")
        return page

    def drawn(self, amplitudes: dict[str, float]) -> NDArray[np.uint8]:
        """What the first portrait draws for these amplitudes, uint8 (S, S, 3)."""
        url = self.page.evaluate(
            "held => { const one = document.querySelector('moving-portrait');"
            " one.hold(held); return one.canvas.toDataURL() }",
            amplitudes,
        )
        with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
            return np.asarray(image.convert("RGB"))
