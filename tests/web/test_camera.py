"""The camera: a mirror whose photo is not mirrored, the other camera, and three seconds to get ready."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from demo.browser import School, chromium_path
from tests.web.kit import DESKTOP, PHONE, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BOTH = pytest.mark.parametrize(
    ("language", "device"), [("ko", PHONE), ("en", DESKTOP)], ids=["ko-phone", "en-desktop"]
)
# As the cameras of a phone: the first one looks at the person, the second one away, and they are asked for by that.
PHONES_CAMERAS = """
const devices = navigator.mediaDevices;
window.asked = [];
if (devices) {
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async ({ video }) => {
    const mode = video.facingMode?.exact ?? video.facingMode;
    window.asked.push(mode);
    const cameras = (await devices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
    const { deviceId } = cameras[mode === "environment" ? 1 : 0];
    const stream = await open({ video: { deviceId: { exact: deviceId } } });
    const [track] = stream.getVideoTracks();
    const settings = track.getSettings.bind(track);
    track.getSettings = () => ({ ...settings(), facingMode: mode });
    return stream;
  };
}
"""
SHOWN = "document.querySelector('video').srcObject.getVideoTracks()[0].getSettings().deviceId"


def open_camera(visitor: Visitor) -> Page:
    page = visitor.page
    page.locator(".drop .button").first.click()
    page.locator("[data-act=shoot]:enabled").wait_for()
    return page


def bright_on_the_left(picture: Image.Image) -> bool:
    pixels = np.asarray(picture.convert("L"), float)
    third = pixels.shape[1] // 3
    left, right = pixels[:, :third].mean(), pixels[:, -third:].mean()
    assert abs(left - right) > 80
    return bool(left > right)


def film_of_one_frame(path: Path) -> Path:
    """A YUV4MPEG2 file of 640 by 480 pixels, white on the left and black on the right."""
    luma = np.full((480, 640), 16, np.uint8)
    luma[:, :320] = 235
    frame = b"FRAME\n" + luma.tobytes() + bytes([128]) * (320 * 240 * 2)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + frame * 2)
    return path


def test_the_preview_is_a_mirror_and_the_photo_is_not(
    browser: Browser, school: School, pictures: Path, tmp_path: Path
) -> None:
    film = film_of_one_frame(tmp_path / "room.y4m")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    camera = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    one = browser.browser_type.launch(executable_path=chromium_path(), args=[*camera, *sandbox])
    visitor = Visitor(one.new_context(locale="en-US", **DESKTOP), school.url, pictures)
    visitor.sign_up("mirror", "Mir Ror")
    page = open_camera(visitor)
    # There is no other one.
    assert page.locator("[data-act=flip]").count() == 0
    shown = Image.open(io.BytesIO(page.locator("video").screenshot()))
    assert not bright_on_the_left(shown)
    visitor.look("mirror")
    page.click("[data-act=shoot]")
    page.locator(".crop-view").wait_for()
    assert bright_on_the_left(Image.open(io.BytesIO(page.locator(".crop-view").screenshot())))
    one.close()


@BOTH
def test_the_other_camera_is_one_tap_away(
    visit: Callable[..., Visitor], language: str, device: dict[str, Any]
) -> None:
    visitor = visit(language, **device)
    if device is PHONE:
        visitor.page.add_init_script(PHONES_CAMERAS)
    visitor.sign_up(f"flip-{language}", "Flip Flop")
    page = open_camera(visitor)
    first = page.evaluate(SHOWN)
    visitor.look("camera")
    page.click("[data-act=flip]")
    page.wait_for_function(f"before => {SHOWN} !== before", arg=first)
    page.locator("[data-act=shoot]:enabled").wait_for()
    visitor.look("other-camera")
    # The rear camera's preview is not mirrored; that of a camera of unknown direction is.
    assert page.locator("video.mirrored").count() == (0 if device is PHONE else 1)
    page.click("[data-act=flip]")
    page.wait_for_function(f"before => {SHOWN} === before", arg=first)
    page.locator("[data-act=shoot]:enabled").wait_for()
    assert page.locator("video.mirrored").count() == 1
    if device is PHONE:
        assert page.evaluate("window.asked") == ["user", "environment", "user"]


def test_where_the_other_camera_cannot_be_used_the_first_one_goes_on(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_up("stuck", "Stu Ck")
    page = open_camera(visitor)
    first = page.evaluate(SHOWN)
    page.evaluate(
        "first => { const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
        " navigator.mediaDevices.getUserMedia = asked => asked.video.deviceId.exact === first"
        " ? open(asked) : Promise.reject(new DOMException('busy', 'NotReadableError')); }",
        first,
    )
    page.click("[data-act=flip]")
    page.locator("[data-act=shoot]:enabled").wait_for()
    assert page.evaluate(SHOWN) == first
    page.click("[data-act=shoot]")
    page.locator(".crop-view").wait_for()


@BOTH
def test_three_seconds_are_counted_aloud_and_can_be_stopped(
    visit: Callable[..., Visitor], language: str, device: dict[str, Any]
) -> None:
    visitor = visit(language, **device)
    visitor.sign_up(f"timer-{language}", "Ti Mer")
    page = open_camera(visitor)
    # Every sentence that is announced.
    page.evaluate(
        "window.heard = []; new MutationObserver(() => {"
        " const text = document.querySelector('[role=status].visually-hidden').textContent;"
        " if (text) window.heard.push(text); })"
        ".observe(document.body, { childList: true, subtree: true, characterData: true })"
    )
    count = page.locator(".camera-count:visible")
    timer = page.locator("[data-act=timer]")
    start = timer.inner_text()
    timer.click()
    count.wait_for()
    assert timer.inner_text() != start
    visitor.look("counting")
    timer.click()
    count.wait_for(state="detached")
    assert timer.inner_text() == start

    timer.click()
    count.wait_for()
    page.keyboard.press("Escape")
    count.wait_for(state="detached")
    # No photo was taken by either; the third one is, and turns the camera off.
    assert page.locator(".crop-view").count() == 0
    timer.click()
    page.locator(".crop-view").wait_for()
    assert page.locator("video").count() == 0
    heard = page.evaluate("window.heard.filter((text, at, all) => text !== all[at - 1])")
    seconds = {"ko": ["3초", "2초", "1초"], "en": ["3 seconds", "2 seconds", "1 second"]}[language]
    assert [text for text in heard if text in seconds][-3:] == seconds


def test_leaving_the_page_while_it_counts_takes_no_photo_and_turns_the_camera_off(
    visit: Callable[..., Visitor],
) -> None:
    visitor = visit()
    visitor.sign_up("leaver", "Lea Ver")
    page = open_camera(visitor)
    page.evaluate("window.track = document.querySelector('video').srcObject.getVideoTracks()[0]")
    page.click("[data-act=timer]")
    visitor.walk("#/account")
    assert page.evaluate("window.track.readyState") == "ended"
    page.wait_for_timeout(3500)
    assert page.locator(".crop-view").count() == 0
