"""The player of live portraits: it draws what the engine computes, shares one context, rests and falls back."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import Image

from demo.player_fidelity import MIXTURES, decibels, engine_frame, measured
from portrait.engine.live.poses import Amplitudes
from portrait.engine.output.ai_mark import stamp
from tests.portrait.engine.live.test_live_file import live, painted
from tests.portrait.engine.test_pipeline import SIZE, STYLE, engine
from tests.web.live_kit import Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PORTRAIT = f'<moving-portrait src="/me.live" style="inline-size:{SIZE}px">%s</moving-portrait>'
# As on iOS: the tilt is told after a question that a tap may ask. `tilt` tells one.
ASKING = """
window.questions = [];
window.DeviceOrientationEvent = class extends Event {
  static async requestPermission() {
    window.questions.push(navigator.userActivation.isActive);
    return window.answer;
  }
};
window.tilt = (beta, gamma) => dispatchEvent(Object.assign(new Event("deviceorientation"), { beta, gamma }));
"""
FRAMES_DRAWN = "import('/web/lib/live/stage.js').then(({theStage}) => theStage().drawn)"


@cache
def live_bytes() -> bytes:
    from portrait.engine.live.file import live_file

    return live_file(live(), style=STYLE, seed=5, marked=False)


@cache
def picture(shade: int, side: int = 8, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), (shade, shade, shade)).save(out, kind)
    return out.getvalue()


@pytest.fixture
def site(browser: Browser) -> Iterator[Callable[..., Site]]:
    """``site(body)``; at the end no page may have logged an error."""
    sites: list[Site] = []

    def opened(body: str, files: dict[str, bytes] | None = None, **profile: Any) -> Site:
        sites.append(Site(browser, body, {"/me.live": live_bytes(), **(files or {})}, **profile))
        return sites[-1]

    yield opened
    for one in sites:
        one.context.close()
        # A picture that is meant to be missing is noted by the browser itself.
        assert [text for text in one.complaints if not text.startswith("Failed to load resource")] == []


def test_it_draws_the_frames_that_the_engine_computes(site: Callable[..., Site]) -> None:
    page = site(PORTRAIT % "")
    page.play()
    for amplitudes, (noise, _, _) in zip(
        MIXTURES, measured(page, engine().model, painted(), MIXTURES), strict=True
    ):
        assert noise >= 30, f"{amplitudes}: {noise:.1f} dB"


def test_a_portrait_is_one_draw_call_with_its_patches_and_the_mark(site: Callable[..., Site]) -> None:
    from portrait.engine.live.file import live_file

    marked = live_file(live(), style=STYLE, seed=5, marked=True)
    page = site(PORTRAIT % "", {"/me.live": marked})
    page.play()
    amplitudes = Amplitudes(look_right=0.4, smile=1, wink=1)
    calls = page.page.evaluate("""async () => {
        const { gl } = (await import("/web/lib/live/stage.js")).theStage();
        window.calls = 0;
        for (const name of ["drawElements", "drawArrays", "drawElementsInstanced", "drawArraysInstanced"]) {
            const original = gl[name];
            gl[name] = function (...told) { window.calls += 1; return original.apply(gl, told); };
        }
        document.querySelector("moving-portrait").hold({ lookRight: 0.4, smile: 1, wink: 1 });
        return window.calls;
    }""")
    assert calls == 1
    frame = engine_frame(engine().model, painted(), amplitudes)
    stamped = replace(frame, picture=stamp(frame.picture[None])[0])
    assert decibels(page.drawn(amplitudes), stamped) >= 30
    # The mark alone, which lies outside the person.
    corner = (slice(-SIZE // 8, None), slice(-SIZE // 4, None))
    seen = page.drawn(amplitudes)[corner].astype(float) - stamped.picture[corner]
    assert np.abs(stamped.picture[corner].astype(float) - frame.picture[corner]).max() > 60
    assert np.square(seen).mean() < 255**2 / 10**2.5


@pytest.mark.parametrize("smaller", [2, 4])
def test_a_smaller_portrait_does_not_mix_the_wall_into_its_patches(
    smaller: int, site: Callable[..., Site]
) -> None:
    side = SIZE // smaller
    amplitudes = Amplitudes(blink=1, smile=1)
    seen = []
    for shade in (0, 255):
        file = with_changed("wall.webp", picture(shade, SIZE, "WEBP"))
        page = site(PORTRAIT.replace(f"{SIZE}px", f"{side}px") % "", {"/me.live": file})
        page.play()
        seen.append(page.drawn(amplitudes).astype(int))
    assert seen[0].shape == (side, side, 3)
    alpha = engine_frame(engine().model, painted(), amplitudes).alpha
    person = np.asarray(Image.fromarray(alpha).reduce(smaller)) == 255
    inside = cv2.erode(person.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert inside.sum() > 0.15 * side**2
    assert np.abs(seen[1] - seen[0])[inside].max() <= 4


@pytest.mark.parametrize("side", [SIZE, SIZE // 2])
def test_one_eye_does_not_hold_the_other_back(side: int, site: Callable[..., Site]) -> None:
    amplitudes = Amplitudes(look_right=0.4, tilt=0.6, smile=1, gaze_right=1, gaze_down=0.5)
    with zipfile.ZipFile(io.BytesIO(live_bytes())) as file:
        described = json.loads(file.read("portrait.json"))
    (x, y, _, down, *reach), (other_x, other_y, *_) = described["eyes"]
    # So large that they nearly touch.
    wide = 0.48 * (other_x - x)
    large = [[x, y, wide, down, *reach], [other_x, other_y, wide, down, *reach]]
    drawn = []
    for eyes in ([], large[:1], large[1:], large):
        data = with_changed("portrait.json", json.dumps(described | {"eyes": eyes}).encode())
        page = site(PORTRAIT.replace(f"{SIZE}px", f"{side}px") % "", {"/me.live": data})
        page.play()
        drawn.append(page.drawn(amplitudes))
    none, first, second, both = drawn
    for one in (first, second):
        moved = (one != none).any(axis=2)
        assert moved.sum() > 0.0005 * side**2
        np.testing.assert_array_equal(one[moved], both[moved])


def test_what_does_not_move_is_not_drawn_again(site: Callable[..., Site]) -> None:
    page = site(PORTRAIT % "").play()
    drawn = page.evaluate("""async () => {
        const { theStage } = await import("/web/lib/live/stage.js");
        const { AT_REST } = await import("/web/lib/live/scene.js");
        const one = document.querySelector("moving-portrait");
        const [stage, still] = [theStage(), { ...AT_REST, lookRight: 0.2 }];
        const { drawing } = stage;
        let [draws, draw] = [[], drawing.draw];
        drawing.draw = (...told) => { draws.push(told[1]); draw.apply(drawing, told); };
        // As the stage does for each frame, with amplitudes that this test chooses.
        stage.stop(one);
        one.advance = function () { this.amplitudes = this.next; };
        stage.players.add(one);
        stage.running = true;
        for (const change of [0, 0.0005, 0.0009, 0.05]) {
            one.next = { ...still, lookRight: 0.2 + change };
            stage.frame(performance.now());
        }
        return draws.map(({ lookRight }) => lookRight);
    }""")
    assert [round(each, 4) for each in drawn[:2]] == [0.2, 0.25]


def test_many_portraits_share_one_context_and_one_download(site: Callable[..., Site]) -> None:
    one = site("".join(PORTRAIT % "" for _ in range(6)).replace("256px", "96px"))
    page = one.play()
    page.wait_for_function(f"{FRAMES_DRAWN}.then(count => count > 3)")
    assert page.evaluate("window.contexts") == 1
    assert one.asked.count("/me.live") == 1


def test_it_moves_by_itself_and_plays_what_it_is_asked_for(site: Callable[..., Site]) -> None:
    page = site(PORTRAIT % "").play()
    before = page.evaluate("document.querySelector('moving-portrait').canvas.toDataURL()")
    assert page.evaluate("document.querySelector('moving-portrait').wink()") is True
    assert page.evaluate("document.querySelector('moving-portrait').canvas.toDataURL()") != before
    assert page.evaluate("document.querySelector('moving-portrait').play('somersault')") is False


def test_it_looks_at_the_pointer_and_nods_at_a_wave(site: Callable[..., Site]) -> None:
    page = site(PORTRAIT.replace("src=", "follow src=") % "").play()
    page.mouse.move(790, 300)
    page.wait_for_function("document.querySelector('moving-portrait').amplitudes.lookRight > 0.7")
    for x in (500, 700, 500, 700, 500, 700):
        page.mouse.move(x, 300, steps=2)
    page.wait_for_function("document.querySelector('moving-portrait').amplitudes.nod > 0.5")


@pytest.mark.parametrize("answer", ["granted", "denied"])
def test_a_phone_is_asked_once_for_its_tilt_by_a_tap_alone(answer: str, site: Callable[..., Site]) -> None:
    one = site(PORTRAIT.replace("src=", "follow src=") % "", has_touch=True)
    one.page.add_init_script(f"window.answer = '{answer}'; {ASKING}")
    page = one.play()
    assert page.evaluate("window.questions") == []
    page.tap("moving-portrait")
    page.wait_for_function("window.questions.length === 1")
    page.tap("moving-portrait")
    # A tap is a look, too, which the tilt replaces. The first tilt is the position at rest.
    page.evaluate("tilt(40, 0)")
    look = "document.querySelector('moving-portrait').amplitudes.lookRight"
    if answer == "granted":
        page.wait_for_function(f"(tilt(40, 20), {look} > 0.5)")
    else:
        page.evaluate("tilt(40, 20)")
        page.wait_for_timeout(500)
        assert page.evaluate(look) < 0.5
    assert page.evaluate("window.questions") == [True]


def test_nothing_is_drawn_while_it_is_off_screen(site: Callable[..., Site]) -> None:
    page = site(PORTRAIT % "" + '<div style="block-size:3000px"></div>').play()
    page.evaluate("scrollTo(0, 2500)")
    page.wait_for_function("import('/web/lib/live/stage.js').then(({theStage}) => !theStage().players.size)")
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function("import('/web/lib/live/stage.js').then(({theStage}) => theStage().players.size)")


def test_with_reduced_motion_the_file_is_not_even_loaded(site: Callable[..., Site]) -> None:
    one = site(
        '<moving-portrait src="/me.live" tile="/tile.png" poster="/poster.png"></moving-portrait>',
        {"/tile.png": picture(50), "/poster.png": picture(200)},
        reduced_motion="reduce",
    )
    page = one.open()
    page.wait_for_function(
        "document.querySelector('moving-portrait').shadowRoot.querySelector('img')?.complete"
    )
    assert "/poster.png" in one.asked
    assert "/me.live" not in one.asked
    assert "/tile.png" not in one.asked


def test_without_webgl_the_tile_stays_or_what_follows_it(site: Callable[..., Site]) -> None:
    one = site(
        '<moving-portrait src="/me.live" tile="/gone.png" film="/film.png" poster="/poster.png">'
        "</moving-portrait>",
        {"/film.png": picture(90), "/poster.png": picture(200)},
    )
    one.page.add_init_script("window.noWebGl = true")
    page = one.open()
    page.wait_for_function(
        "document.querySelector('moving-portrait').shadowRoot.querySelector('img')?.naturalWidth"
    )
    assert page.evaluate("document.querySelector('moving-portrait').live") is False
    assert "/film.png" in one.asked
    assert "/poster.png" not in one.asked
    assert "/me.live" not in one.asked


def with_changed(changed: str, content: bytes) -> bytes:
    """The same portrait with another ``content`` of one of its files."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(live_bytes())) as file, zipfile.ZipFile(out, "w") as copy:
        for name in file.namelist():
            copy.writestr(name, content if name == changed else file.read(name))
    return out.getvalue()


def older() -> bytes:
    """The same portrait, said to be of the first version of the format."""
    with zipfile.ZipFile(io.BytesIO(live_bytes())) as file:
        description = file.read("portrait.json")
    return with_changed("portrait.json", description.replace(b'"version":2', b'"version":1'))


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x05\x06" + bytes(18), older], ids=["empty", "text", "zip", "older"]
)
def test_a_file_that_is_no_live_portrait_leaves_what_the_element_contains(
    content: bytes | Callable[[], bytes], site: Callable[..., Site]
) -> None:
    data = content() if callable(content) else content
    one = site(PORTRAIT % '<img src="/tile.png" alt="">', {"/me.live": data, "/tile.png": picture(50)})
    one.page.add_init_script(
        "addEventListener('fallback', event => { window.told = event.detail }, {capture: true})"
    )
    page = one.open()
    page.wait_for_function("window.told !== undefined")
    assert page.locator("img").is_visible()


def test_a_lost_context_shows_the_fallback_and_the_next_look_a_new_one(site: Callable[..., Site]) -> None:
    page = site(PORTRAIT % '<img src="/tile.png" alt="">' + '<div style="block-size:3000px"></div>').play()
    page.evaluate("window.lastContext.getExtension('WEBGL_lose_context').loseContext()")
    page.wait_for_function("!document.querySelector('moving-portrait').live")
    page.evaluate("scrollTo(0, 2500)")
    page.wait_for_timeout(100)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function("document.querySelector('moving-portrait').live")
    assert page.evaluate("window.contexts") == 2


def test_it_blinks_as_people_do_and_keeps_every_motion_in_its_range(site: Callable[..., Site]) -> None:
    page = site("").open()
    told = page.evaluate("""async () => {
        const { Behaviour } = await import("/web/lib/live/behaviour.js");
        const behaviour = new Behaviour(7);
        let [blinks, shut, least, most, step, before] = [0, false, 0, 0, 0, null];
        for (let frame = 0; frame < 120 * 60; frame += 1) {
            if (frame % 1500 === 900) behaviour.play(["nod", "smile", "wink", "tilt", "greet"][frame % 5]);
            const now = behaviour.advance(1 / 60);
            if (!shut && now.blink > 0.8) blinks += 1;
            shut = now.blink > 0.8;
            const head = Math.max(Math.abs(now.lookRight), Math.abs(now.lookDown)) + now.nod + Math.abs(now.tilt);
            if (head > 1.0001) throw new Error(`the head moves by ${head}`);
            for (const value of Object.values(now)) [least, most] = [Math.min(least, value), Math.max(most, value)];
            if (before) step = Math.max(step, Math.abs(now.lookRight - before.lookRight));
            before = now;
        }
        return { blinks, least, most, step };
    }""")
    assert 15 <= told["blinks"] <= 60  # in two minutes
    assert -1 <= told["least"] < -0.1
    assert told["most"] <= 1
    assert told["step"] < 0.1


def test_the_eyes_are_there_before_the_head(site: Callable[..., Site]) -> None:
    page = site("").open()
    early, late = page.evaluate("""async () => {
        const { Behaviour } = await import("/web/lib/live/behaviour.js");
        const behaviour = new Behaviour(7);
        behaviour.nextGlance = 100;
        behaviour.look(1, -0.5);
        const seen = Array.from({ length: 150 }, () => behaviour.advance(1 / 60));
        return [seen[7], seen[149]];
    }""")
    assert early["gazeRight"] > 0.9
    assert early["gazeDown"] < -0.6
    assert early["lookRight"] < 0.3
    assert late["lookRight"] > 0.95
    assert 0.2 < late["gazeRight"] < 0.5
    assert -0.3 < late["gazeDown"] < -0.1
