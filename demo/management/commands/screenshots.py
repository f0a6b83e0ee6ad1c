"""``manage.py screenshots``: the README's pictures of the page, taken in a throw-away school of demo students."""

from __future__ import annotations

import io
import secrets
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from PIL import Image

from demo.browser import NoBrowser, chromium, running_school

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = settings.BASE_DIR / "docs" / "screenshots"
DESKTOP = {"viewport": {"width": 1120, "height": 800}, "device_scale_factor": 1.5}
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2.25, "is_mobile": True}
# name, page, language, device, whose page
PICTURES: tuple[tuple[str, str, str, dict[str, Any], str], ...] = (
    ("welcome", "#/", "en-US", DESKTOP, ""),
    ("card", "#/card", "en-US", DESKTOP, "demo1-00001"),
    ("lounge", "#/lounge", "en-US", DESKTOP, "demo1-00002"),
    ("phone", "#/room", "ko-KR", PHONE, "demo1-00003"),
)
QUALITY = 88


class Command(BaseCommand):
    help = "Take four screenshots of the page for the README, in a school of invented students (a minute or two)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("-o", "--output", type=Path, default=FOLDER, metavar="DIR")

    def handle(self, *args: Any, **options: Any) -> None:
        output: Path = options["output"]
        password = secrets.token_urlsafe(12)
        demo = ("--students", "24", "--entries", "40", f"--password={password}")
        try:
            with (
                chromium() as browser,
                tempfile.TemporaryDirectory() as folder,
                running_school(Path(folder), seed_demo=demo) as school,
            ):
                output.mkdir(parents=True, exist_ok=True)
                for name, hash_, language, device, username in PICTURES:
                    page = open_page(browser, school.url, language, device)
                    if username:
                        sign_in(page, username, password)
                    path = output / f"{name}.webp"
                    path.write_bytes(picture_of(page, hash_))
                    page.context.close()
                    self.stdout.write(f"{path} ({path.stat().st_size / 1024:.0f} KB)")
        except NoBrowser as error:
            raise CommandError(str(error), returncode=2) from error


def open_page(browser: Browser, url: str, language: str, device: dict[str, Any]) -> Page:
    """The landing page in a new browser profile."""
    page = browser.new_context(locale=language, **device).new_page()
    page.goto(url)
    page.locator("main:not([aria-busy]) h1").wait_for()
    return page


def sign_in(page: Page, username: str, password: str) -> None:
    page.evaluate("location.hash = '#/sign-in'")
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url("**/#/room")


def picture_of(page: Page, hash_: str) -> bytes:
    """The screen at ``hash_`` as a WebP file, when everything on it has come and come to rest."""
    page.evaluate("hash => { location.hash = hash }", hash_)
    page.wait_for_url(f"**/{hash_}")
    page.locator("main:not([aria-busy]) h1").wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_function(
        "() => [...document.images].every((image) => image.complete || image.loading === 'lazy')"
    )
    out = io.BytesIO()
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(out, "WEBP", quality=QUALITY, method=6)
    return out.getvalue()
