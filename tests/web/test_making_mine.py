"""The student's own face and own motion: previews of each style, a performance, and a portrait made with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.portrait.motion_making.test_make_motion import encode
from tests.portrait.pictures import astronaut as photo
from tests.web.kit import PHONE, PORTRAIT_TIMEOUT, Visitor, astronaut


def nodding(path: Path) -> None:
    """A film of three seconds: the astronaut's picture goes up and down once a second and a half."""
    shifts = np.rint(12 * np.sin(np.arange(75) / 37.5 * 2 * np.pi)).astype(int)
    # The background goes along, as in the hand of a person who walks.
    frames = np.stack([np.roll(photo(), shift, axis=0)[16:-16, 16:-16] for shift in shifts])
    encode(path, frames, fps=25)


def test_styles_are_shown_on_my_face_and_i_perform_the_motion(
    visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    visitor = visit(**PHONE)
    page = visitor.page
    visitor.sign_up("performer", "Per Former")
    visitor.send_photo(astronaut())
    page.locator("[data-found]").wait_for(timeout=PORTRAIT_TIMEOUT)
    visitor.walk("#/choose")
    own = page.locator(".choice img[src^='data:image/jpeg']")
    own.nth(14).wait_for(timeout=PORTRAIT_TIMEOUT)
    assert own.count() == 15
    # However long the list is, the button that ends the choice is in view.
    button = page.get_by_role("button", name="Paint it")
    box = button.bounding_box()
    assert box and box["y"] + box["height"] <= page.evaluate("innerHeight")
    visitor.look("choose-on-my-face")

    # The camera of this browser shows no face; its film is read all the same.
    page.locator("[data-act=perform]").click()
    page.locator("[data-act=record]").click()
    page.locator(".performing .problem").filter(has_text="No face").wait_for(timeout=PORTRAIT_TIMEOUT)
    visitor.look("perform-refused")
    nodding(tmp_path / "me.mp4")
    page.set_input_files("#clip-file", tmp_path / "me.mp4")
    page.locator(".performed").wait_for(timeout=PORTRAIT_TIMEOUT)
    assert page.locator("input[value=performed]").is_checked()
    visitor.look("performed")

    with page.expect_request(re.compile("/user/portrait/again/")) as asked:
        button.click()
    assert (asked.value.post_data_json or {})["motion"] == "performed"
    page.wait_for_url("**/#/sorting")
    visitor.walk("#/photo")  # waits for no portrait


def test_the_last_button_of_photo_and_sorting_is_in_view(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE)
    page = visitor.page

    def in_view(act: str) -> bool:
        box = page.locator(f"[data-act={act}]").bounding_box()
        rooms = page.locator(".rooms").bounding_box()
        return bool(box and rooms and box["y"] > 0 and box["y"] + box["height"] <= rooms["y"])

    visitor.sign_up("in-view", "In View")
    visitor.choose_photo(astronaut())
    page.locator(".crop-view").wait_for()
    assert in_view("send")
    window = page.locator(".crop-view").bounding_box()
    consent = page.locator(".always").bounding_box()
    assert window and consent and window["y"] + window["height"] <= consent["y"]
    page.click(".wishes summary")
    page.locator(".choice").nth(20).wait_for()
    assert in_view("send")
    visitor.walk("#/sorting")
    visitor.answer_all()
    page.evaluate("scrollTo(0, 0)")
    assert in_view("onward")


def test_a_tap_on_an_answer_goes_on_and_back_returns(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE)
    page = visitor.page
    visitor.sign_up("tapper", "Tap Per")
    visitor.walk("#/sorting")
    page.locator(".card-option").first.wait_for()
    first = page.locator(".question").inner_text()
    page.locator(".card-option").nth(1).tap()
    page.wait_for_function("text => document.querySelector('.question').innerText !== text", arg=first)
    page.get_by_role("button", name="Back").tap()
    page.locator(".question").filter(has_text=first).wait_for()
    assert page.locator(".card-option input").nth(1).is_checked()


# A browser that can send files: what it would send is noted.
SENDING = """
navigator.canShare = ({ files }) => files.every((file) => file.type !== "image/gif");
let before = true;
navigator.share = async ({ files }) => {
  // The first tap is too long ago once the file is there.
  if (before) {
    before = false;
    throw new DOMException("", "NotAllowedError");
  }
  window.sent = files.map(({ name, type, size }) => [name.replace(/[0-9]+/, "N"), type, size > 1000]);
};
"""


def test_the_file_itself_is_sent_without_an_address(visit: Callable[..., Visitor]) -> None:
    visitor = visit(**PHONE)
    visitor.context.add_init_script(SENDING)
    visitor.sign_in()
    visitor.walk("#/card")
    page = visitor.page
    send = page.get_by_role("button", name="Send: Square")
    send.wait_for()
    visitor.look("card-to-send")
    # Not what this browser cannot send.
    assert page.get_by_role("button", name="Send: GIF").count() == 0
    send.tap()
    page.get_by_text("Tap it once more").wait_for(timeout=PORTRAIT_TIMEOUT)
    send.tap()
    page.wait_for_function("window.sent")
    assert page.evaluate("sent") == [["student-card-N.square.png", "image/png", True]]
    # Nothing was published for it.
    page.get_by_role("button", name="Share my card").wait_for()
