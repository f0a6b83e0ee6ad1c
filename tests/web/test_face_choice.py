"""Another face of the photo is one tap away, and where the painter saw none the student shows it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import skimage.data
from PIL import Image

from tests.web.kit import PHONE, PORTRAIT_TIMEOUT, Visitor, jpeg, no_face


def two_faces() -> bytes:
    """A square photo; the larger face is on the right."""
    astronaut = Image.fromarray(skimage.data.astronaut())
    photo = Image.new("RGB", (800, 800), "#808080")
    photo.paste(astronaut.resize((340, 340)).crop((50, 0, 270, 340)), (60, 300))
    photo.paste(astronaut.crop((80, 0, 400, 512)), (400, 200))
    return jpeg(np.asarray(photo))


def pressed(visitor: Visitor) -> list[str | None]:
    return [frame.get_attribute("aria-pressed") for frame in visitor.page.locator(".face-frame").all()]


def test_a_tap_paints_another_face(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE)
    visitor.sign_up("couple", "Two Faces")
    visitor.send_photo(two_faces())
    visitor.page.locator(".face-frame").first.wait_for()
    visitor.look("faces")
    assert pressed(visitor) == ["true", "false"]

    visitor.page.get_by_role("button", name="Face 2").click()

    visitor.page.locator(".face-frame[aria-pressed=true][aria-label='Face 2']").wait_for()
    assert pressed(visitor) == ["false", "true"]
    # The smaller face is a hundred pixels wide at most in the photo.
    assert "The face is small" in visitor.page.locator(".hints").inner_text()

    # The portrait comes where the photo was sent.
    visitor.page.locator(".found-frame img[src*='.webp']").wait_for(timeout=PORTRAIT_TIMEOUT)
    assert visitor.page.locator(".found progress:visible, .found [role=progressbar]:visible").count() == 0
    visitor.look("portrait")


def test_after_no_face_a_square_is_enough(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_up("hidden", "Hidden Face")
    visitor.send_photo(no_face())
    area = visitor.page.locator(".face-pointer")
    area.wait_for()
    visitor.look("point")
    before = visitor.page.locator(".face-frame").bounding_box()
    area.focus()
    visitor.page.keyboard.press("ArrowRight")
    after = visitor.page.locator(".face-frame").bounding_box()
    assert before and after and after["x"] > before["x"]
    bounds = area.bounding_box()
    assert bounds
    area.click(position={"x": bounds["width"] / 2, "y": bounds["height"] / 2})

    visitor.page.locator("[data-act=face]").click()

    visitor.page.locator(".found").wait_for()
    visitor.page.locator(".lead[data-found]").wait_for(timeout=60_000)
