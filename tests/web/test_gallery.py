"""The gallery, reactions and reports, driven in both languages in a school of 500 students."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from demo.browser import School
from tests.web.kit import DESKTOP, PHONE, Visitor

# Bytes of the lounge with thirty portraits.
FIRST_VIEW = 400_000
# Bytes of the bodies on the wire, by address, of all that the page has loaded.
SIZES = """() => Object.fromEntries(
    performance.getEntries().filter(one => one.encodedBodySize).map(one => [one.name, one.encodedBodySize])
)"""
WORDS = {
    "en": {"reported": "Reported", "house": "Ravenclaw"},
    "ko": {"reported": "신고함", "house": "래번클로"},
}


@pytest.fixture(scope="module")
def school(crowded_school: School) -> School:
    return crowded_school


@pytest.mark.parametrize(
    ("language", "device"), [("ko", PHONE), ("en", DESKTOP)], ids=["ko-phone", "en-desktop"]
)
def test_everyone_hangs_in_the_lounge(
    visit: Callable[..., Visitor], language: str, device: dict[str, Any]
) -> None:
    visitor = visit(language, **device)
    page, words = visitor.page, WORDS[language]
    visitor.sign_in("demo1-00007" if language == "en" else "demo1-00008")
    visitor.walk("#/lounge")
    page.locator(".tile").nth(29).wait_for()
    assert page.locator(".tile").count() == 30
    # What is in view moves.
    page.locator(".tile img[src*='/media/']").first.wait_for()
    visitor.look("gallery")

    # Through to the end of a house.
    page.select_option("[name=house]", label=page.locator("[name=house] option").nth(4).inner_text())
    page.locator(".house-words:visible").wait_for()
    page.wait_for_function(
        "house => [...document.querySelectorAll('.tile-house')].every(one => one.textContent === house)"
        " && !document.querySelector('.gallery .waiting')",
        arg=words["house"],
    )
    while page.locator(".gallery > .centred .button").count():
        before = page.locator(".tile").count()
        page.locator(".gallery > .centred .button").click()
        page.wait_for_function(
            "n => document.querySelectorAll('.tile').length > n && !document.querySelector('.gallery .waiting')",
            arg=before,
        )
    assert 80 < page.locator(".tile").count() < 180
    assert set(page.locator(".tile-house").all_inner_texts()) == {words["house"]}

    # By name, and at random.
    page.select_option("[name=house]", "")
    name = page.locator(".tile-name").nth(3).inner_text()
    page.fill("[name=name]", name)
    page.wait_for_function(
        "name => { const all = [...document.querySelectorAll('.tile-name')].map(e => e.innerText);"
        " return all.length && all.every(text => text === name); }",
        arg=name,
    )
    page.fill("[name=name]", "nobody at all")
    page.locator(".tile").first.wait_for(state="detached")
    page.fill("[name=name]", "")
    page.locator(".tile").nth(29).wait_for()
    first = page.locator(".tile-name").first.inner_text()
    page.select_option("[name=order]", "random")
    page.wait_for_function("text => document.querySelector('.tile-name').innerText !== text", arg=first)

    # Enlarged by a tap.
    page.locator(".tile").nth(1).click()
    page.locator(".viewer .portrait").wait_for()
    page.wait_for_function("() => document.querySelector('.viewer img').complete")
    visitor.look("gallery-enlarged")
    page.keyboard.press("Escape")
    page.locator(".viewer").wait_for(state="detached")


@pytest.mark.parametrize(
    ("language", "device"), [("en", PHONE), ("ko", DESKTOP)], ids=["en-phone", "ko-desktop"]
)
def test_entries_get_reactions_and_reports(
    visit: Callable[..., Visitor], language: str, device: dict[str, Any]
) -> None:
    visitor = visit(language, **device)
    page, words = visitor.page, WORDS[language]
    visitor.sign_in("demo1-00011" if language == "en" else "demo1-00012")
    visitor.walk("#/lounge")
    entry = page.locator(".entry").first
    heart = entry.locator("[data-kind=heart]")
    heart.click()
    entry.locator("[data-kind=heart][aria-pressed=true]").wait_for()
    entry.locator("[data-kind=star]").click()
    entry.locator("[data-kind=star][aria-pressed=true]").wait_for()
    assert heart.get_attribute("aria-pressed") == "false"
    entry.scroll_into_view_if_needed()
    visitor.look("reactions")
    entry.locator("[data-kind=star]").click()
    entry.locator("[data-kind=star][aria-pressed=false]").wait_for()

    entry.locator(".link-button").first.click()
    page.fill("dialog [name=reason]", "It names my home address.")
    visitor.look("report")
    page.click("dialog [type=submit]")
    page.locator("dialog").wait_for(state="detached")
    entry.get_by_text(words["reported"], exact=True).wait_for()
    # The charts are folded until they are asked for.
    assert page.locator(".chart").count() == 0
    page.locator(".numbers summary").click()
    page.locator(".chart").nth(1).wait_for()
    visitor.look("numbers")


def test_the_first_view_is_light_and_reduced_motion_stays_so(visit: Callable[..., Visitor]) -> None:
    """Thirty stills with everything else; the tiles are loaded after that, and not at all without motion."""
    visitor = visit("en", **DESKTOP, reduced_motion="reduce")
    page = visitor.page
    visitor.sign_in("demo1-00013")
    visitor.open("#/lounge")
    page.reload()
    page.locator(".tile").nth(29).wait_for()
    page.locator(".entry").first.wait_for()
    page.evaluate("document.querySelectorAll('.tile img').forEach(image => image.loading = 'eager')")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.tile img')].every(image => image.complete && image.naturalWidth > 50)"
    )
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate(SIZES)
    assert sum("/stills/" in url for url in sizes) >= 30
    assert sum(sizes.values()) < FIRST_VIEW, sizes
    assert not [url for url in sizes if "/media/" in url]


def test_new_portraits_are_counted_quietly(visit: Callable[..., Visitor], school: School) -> None:
    visitor = visit("en")
    page = visitor.page
    visitor.sign_in("demo1-00014")
    page.clock.install()
    visitor.walk("#/lounge")
    page.locator(".tile").nth(29).wait_for()
    school.manage("seed_demo", "--students", "3", "--entries", "0", "--portraits", "0", "--seed", "2")
    school.manage("shell", "-c", HANG)
    page.clock.fast_forward(31_000)
    page.locator(".news:visible").wait_for()
    assert page.locator(".news").inner_text() == "1 new portrait"
    page.click(".news")
    page.locator(".news").wait_for(state="hidden")
    page.locator(".tile[aria-label^='The Newest']").wait_for()


# A portrait that is finished now.
HANG = """
from django.utils import timezone
from user.models import User
from_one = User.objects.exclude(tile='').first()
User.objects.filter(username='demo2-00001').update(
    fullname='The Newest', portrait=from_one.portrait.name, poster=from_one.poster.name, tile=from_one.tile.name,
    portrait_at=timezone.now(),
)
"""
