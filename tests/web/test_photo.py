"""The photo: from the camera, from a file of any size, and what of it is sent."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from demo.browser import School
from tests.web.kit import Visitor, jpeg


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
