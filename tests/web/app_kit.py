"""The page as an app: what is kept on the device, and the browser's question about notifications."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Far more than anything here takes, for slow machines.
SECONDS = 30.0
# {cache: {path: text}} of everything in the Cache Storage; pictures and scripts are text of some kind, too.
_KEPT = """async () => {
  const found = {};
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    found[name] = {};
    for (const request of await cache.keys()) {
      const { pathname, search } = new URL(request.url);
      found[name][pathname + search] = await (await cache.match(request)).text();
    }
  }
  return found;
}"""

# Whether notifications are allowed is not decided before the test says so, as while the browser's question is open.
QUESTION = """
window.questions = 0;
Notification.requestPermission = () => {
  window.questions += 1;
  return new Promise((resolve) => (window.decide = resolve));
};
"""


def kept(page: Page) -> dict[str, dict[str, str]]:
    """By cache and path, the text of each entry."""
    found: dict[str, dict[str, str]] = page.evaluate(_KEPT)
    return found


def until(page: Page, promise: str, argument: Any = None, *, seconds: float = SECONDS) -> None:
    """Until the promise that ``promise`` (a JavaScript function) makes is a true value; that is not awaited by
    Playwright's ``wait_for_function``. Raises TimeoutError.
    """
    end = time.monotonic() + seconds
    while not page.evaluate(promise, argument):
        if time.monotonic() > end:
            raise TimeoutError(promise)
        page.wait_for_timeout(50)


def wait_for_worker(page: Page) -> None:
    """Until the service worker has filled its cache, and the page is under its control."""
    page.wait_for_function("() => navigator.serviceWorker.controller?.state === 'activated'")


def wait_for_card(page: Page) -> None:
    """Until the student's own card is kept."""
    until(page, "() => caches.match('/own/card').then(Boolean)")


def wait_without_card(page: Page) -> None:
    """Until nothing of the student is kept."""
    until(page, "() => caches.has('own').then(has => !has)")
