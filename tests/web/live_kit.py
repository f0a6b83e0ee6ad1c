"""A page with live portraits and nothing else, which counts its WebGL contexts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo.player_page import PlayerPage
from tests.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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


class Site(PlayerPage):
    """``files``: what is served beside the player, by path."""

    def __init__(self, browser: Browser, body: str, files: dict[str, bytes], **profile: Any) -> None:
        super().__init__(
            browser, ROOT / "web", body, files, viewport={"width": 800, "height": 600}, **profile
        )
        self.page.add_init_script(WATCHED)
