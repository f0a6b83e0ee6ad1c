"""The photo: from the camera, from a file of any size, and what of it is sent."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from demo.browser import School
from tests.web.kit import PHONE, Visitor, jpeg


def newest_photo(school: School) -> Image.Image:
    """What the server keeps of the photo that was sent last."""
    stored = Path(school.environment["MEDIA_ROOT"]).glob("photos/*.jpg")
    photos = (path for path in stored if not path.stem.endswith("-still"))
    return Image.open(max(photos, key=lambda path: path.stat().st_mtime_ns))


def test_the_camera_takes_a_photo_that_goes_into_the_window(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_up("camera", "Cam Era")
    visitor.page.locator(".drop .button").first.click()
    visitor.page.wait_for_function("() => document.querySelector('video')?.videoWidth > 0")
    visitor.look("camera")
    visitor.page.get_by_role("button", name="Take the photo").click()
    visitor.page.locator(".crop-view").wait_for()
    # The camera is off again, and its picture is in the window.
    assert visitor.page.locator("video").count() == 0
    colours = visitor.page.evaluate(
        "new Set(document.querySelector('canvas').getContext('2d').getImageData(0, 0, 640, 640).data).size"
    )
    assert colours > 10


def test_a_photo_that_is_too_big_for_the_server_is_made_smaller_here(
    school: School, visit: Callable[..., Visitor]
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (2000, 2600), "tan").save(out, "PNG", compress_level=0)
    assert out.tell() > 10 * 2**20

    visitor = visit()
    visitor.sign_up("large", "Large Photo")
    visitor.choose_photo(out.getvalue(), "me.png", "image/png")
    visitor.page.locator(".crop-view").wait_for()
    # Without a face, what the page shows next may be gone before it is seen.
    with visitor.page.expect_response("**/user/main/") as answered:
        visitor.page.click("[data-act=send]")
    assert answered.value.ok
    assert newest_photo(school).size == (2000, 2000)


def test_what_the_window_shows_is_what_is_sent(school: School, visit: Callable[..., Visitor]) -> None:
    # Red tells where a pixel was from left to right, green from top to bottom.
    ramp = np.linspace(0, 255, 512)
    across, down = np.meshgrid(ramp, ramp)
    photo = jpeg(np.stack([across, down, np.full_like(across, 128)], axis=-1).astype(np.uint8))

    visitor = visit()
    visitor.sign_up("window", "Win Dow")
    visitor.choose_photo(photo)
    visitor.page.locator(".crop-view").focus()
    for key in ["+"] * 8 + ["ArrowLeft"] * 3 + ["ArrowUp"] * 30:
        visitor.page.keyboard.press(key)
    # Without a face, what the page shows next may be gone before it is seen.
    with visitor.page.expect_response("**/user/main/") as answered:
        visitor.page.click("[data-act=send]")
    assert answered.value.ok

    # Zoomed by a tenth eight times, moved to the upper edge and three steps of 4 % to the left.
    side = 512 / 1.1**8
    left = 256 - side / 2 - 3 * 0.04 * side
    sent = newest_photo(school)
    assert abs(sent.width - side) <= 1
    pixels = np.asarray(sent.convert("RGB"), float) * 511 / 255
    assert abs(pixels[:, 0, 0].mean() - left) < 4
    assert abs(pixels[:, -1, 0].mean() - (left + side)) < 4
    assert pixels[0, :, 1].mean() < 4
    assert abs(pixels[-1, :, 1].mean() - side) < 4


def cut_out() -> bytes:
    """A PNG whose upper left quarter alone is red; the rest is transparent black."""
    pixels = np.zeros((400, 400, 4), np.uint8)
    pixels[:200, :200] = (220, 30, 30, 255)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def colour_at(visitor: Visitor, across: float, down: float) -> str:
    """What the window shows there."""
    read = (
        "([x, y]) => [...document.querySelector('.crop-view').getContext('2d').getImageData(x, y, 1, 1).data]"
    )
    red, green, blue, alpha = visitor.page.evaluate(read, [640 * across, 640 * down])
    assert alpha == 255
    return "red" if red > 200 > green else "white" if min(red, green, blue) > 240 else f"{red},{green},{blue}"


def test_a_cut_out_is_white_and_follows_the_fingers(school: School, visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE)
    page = visitor.page
    # As in browsers that do not tell the movement of a pointer.
    page.add_init_script(
        "for (const axis of ['X', 'Y'])"
        " Object.defineProperty(MouseEvent.prototype, `movement${axis}`, { get: () => undefined })"
    )
    visitor.sign_up("cutout", "Cut Out")
    visitor.choose_photo(cut_out(), "me.png", "image/png")
    window = page.locator(".crop-view")
    window.wait_for()
    assert colour_at(visitor, 0.25, 0.25) == "red"
    assert colour_at(visitor, 0.75, 0.25) == colour_at(visitor, 0.75, 0.75) == "white"

    # Two fingers move apart: zoomed by two about their middle, the window's.
    box = window.bounding_box()
    assert box is not None
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": number}
            for number, (x, y) in enumerate(places)
        ]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (0.4, 0.5), (0.6, 0.5))
    for step in range(1, 6):
        touch("touchMove", (0.4 - 0.02 * step, 0.5), (0.6 + 0.02 * step, 0.5))
    touch("touchEnd")
    page.wait_for_function("() => Math.abs(document.querySelector('.crop-zoom input').value - 2) < 0.03")
    assert colour_at(visitor, 0.25, 0.45) == "red"
    assert colour_at(visitor, 0.55, 0.45) == colour_at(visitor, 0.45, 0.55) == "white"

    # One finger drags the photo to the right and down, by a fifth of the window.
    touch("touchStart", (0.4, 0.4))
    for step in range(1, 6):
        touch("touchMove", (0.4 + 0.04 * step, 0.4 + 0.04 * step))
    touch("touchEnd")
    page.wait_for_timeout(100)
    assert colour_at(visitor, 0.65, 0.65) == "red"
    assert colour_at(visitor, 0.75, 0.65) == "white"

    # A quarter to the right: the red is at the upper right of the photo.
    page.locator("[data-act=turn]").click()
    assert colour_at(visitor, 0.4, 0.6) == "red"
    assert colour_at(visitor, 0.2, 0.6) == colour_at(visitor, 0.4, 0.8) == "white"
    visitor.look("cut-out")

    # A refusal leaves the photo in the window, and so does another language.
    page.route("**/user/main/", lambda route: route.fulfill(status=500, body="no"), times=1)
    page.locator("[data-act=send]").click()
    page.locator(".problem").wait_for()
    page.locator(".top-tools [lang=ko]").click()
    page.get_by_role("button", name="사진 보내기").wait_for()
    assert colour_at(visitor, 0.4, 0.6) == "red"
    assert colour_at(visitor, 0.2, 0.6) == "white"

    with page.expect_response("**/user/main/") as answered:
        page.locator("[data-act=send]").click()
    assert answered.value.ok
    sent = np.asarray(newest_photo(school).convert("RGB")).astype(int)
    height, width = sent.shape[:2]
    assert abs(width - 200) <= 3
    assert sent.max(-1).min() > 120  # nothing is black
    assert sent[height * 60 // 100, width * 40 // 100, 1] < 60
    assert sent[height // 10, width // 10].min() > 240


def test_a_black_picture_is_not_sent(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_up("lenscap", "Lens Cap")
    visitor.choose_photo(jpeg(np.zeros((300, 300, 3), np.uint8)))
    visitor.page.locator(".crop-view").wait_for()
    sent: list[str] = []
    visitor.page.on("request", lambda request: sent.append(request.url))
    visitor.page.click("[data-act=send]")
    visitor.page.locator(".problem").filter(has_text="black").wait_for()
    assert not [url for url in sent if url.endswith("/user/main/")]
    assert visitor.page.locator(".crop-view").count() == 1
