"""An evening with many students: a class with a code, CSV, cards to print, the projector page; in both languages."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from demo.browser import School
from tests.conftest import PASSWORD
from tests.web.kit import DESKTOP, PHONE, Visitor
from tests.web.live_kit import WATCHED

STAFF = "minerva"
MAKE_STAFF = f"""
from user.models import User
from dormitory.models import House
User.objects.create_superuser("{STAFF}", "{PASSWORD}", fullname="Minerva")
fifth = House.objects.create(pk=5, name="Fifth", names={{"ko": "다섯째"}})
for username in ("demo1-00101", "demo1-00102", "demo1-00103"):
    User.objects.filter(username=username).update(house=fifth)
"""
# A student's portrait is new, and so is the name, which the test looks for.
HANG = """
from django.utils import timezone
from user.models import User
User.objects.filter(username='demo1-00002').update(fullname='{name}', portrait_at=timezone.now())
"""
# It smiles for a moment, which may be over before the test reads it.
GREETED = """() => setInterval(() => {
    const large = document.querySelector(".large");
    const smile = large?.querySelector("moving-portrait")?.amplitudes?.smile;
    if (large?.textContent.includes("Newcomer") && smile > 0) window.greeted = true;
}, 50)"""
LIVE_ON_WALL = "() => [...document.querySelectorAll('.wall moving-portrait')].filter(one => one.live)"
IMPORT = {"en": "Import students", "ko": "학생 가져오기"}


@pytest.fixture(scope="module")
def school(crowded_school: School) -> School:
    """With a member of staff, and a house of three students, whose cards are soon drawn."""
    crowded_school.manage("shell", "-c", MAKE_STAFF)
    return crowded_school


def in_office(visitor: Visitor, path: str) -> None:
    """Open a page of the admin, signed in."""
    page = visitor.page
    page.goto(f"{visitor.url}/admin/{path}")
    if page.locator("#id_username").count():
        page.fill("#id_username", STAFF)
        page.fill("#id_password", PASSWORD)
        page.click("[type=submit]")
        page.wait_for_url(f"**/admin/{path}")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_staff_prepare_an_event(visit: Callable[..., Visitor], language: str) -> None:
    office = visit(language, **DESKTOP)
    page = office.page

    # A class, and a student who signs up with its code on a phone.
    in_office(office, "user/schoolclass/add/")
    page.fill("#id_name", f"Potions {language}")
    page.click("[name=_save]")
    row = page.locator("#result_list tr").filter(has_text=f"Potions {language}")
    link = row.locator("a[href*='/#/sign-up/']").get_attribute("href") or ""
    office.keep("classes")
    student = visit(language, **PHONE)
    student.open(link.lstrip("/"))
    assert student.page.input_value("[name=join_code]") == link.rpartition("/")[2]
    student.look("sign-up-with-a-code")
    student.page.fill("[name=fullname]", "루나")
    student.page.fill("[name=username]", f"luna-{language}")
    student.page.fill("[name=password]", PASSWORD)
    student.page.fill("[name=join_code]", "WRONG234")
    student.page.click("button[type=submit]")
    student.page.locator(".fault:visible").wait_for()
    student.page.fill("[name=join_code]", link.rpartition("/")[2].lower())
    student.page.click("button[type=submit]")
    student.page.wait_for_url("**/#/photo")

    # CSV in, with a fault first, and out.
    in_office(office, "user/user/")
    page.click(f"text={IMPORT[language]}")
    table = "username,fullname,class\n{0}-a,하늘,Potions {0}\n{0}-b,Neville,\n"
    for text, done in ((table + "\n{0}-a,Twin,\n", False), (table, True)):
        page.set_input_files(
            "[name=file]",
            {"name": "s.csv", "mimeType": "text/csv", "buffer": text.format(language).encode()},
        )
        page.click("#content input[type=submit]")
        page.locator("input[value*='new-password']" if done else ".errornote").first.wait_for()
        office.keep("imported" if done else "import-refused")
    in_office(office, "user/user/")
    page.check("#action-toggle")
    page.select_option("[name=action]", "download")
    with page.expect_download() as download:
        page.click("button[name=index]")
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert any(line.startswith(f"{language}-a,하늘,,Potions {language},") for line in lines)


def test_cards_of_a_house_are_printed(visit: Callable[..., Visitor]) -> None:
    office = visit("en", **DESKTOP)
    in_office(office, "dormitory/house/5/change/")
    office.keep("house")
    files = {}
    for kind in ("pdf", "zip"):
        with office.page.expect_download() as download:
            office.page.click(f"a[href$='cards.{kind}']")
        files[kind] = download.value.path().read_bytes()
    assert len(zipfile.ZipFile(io.BytesIO(files["zip"])).namelist()) == 3
    assert files["pdf"].startswith(b"%PDF-1.4")
    assert files["pdf"].count(b"/DCTDecode") == 3


def wall_link(visit: Callable[..., Visitor], language: str) -> str:
    """The address of the school's projector page, which staff asks for."""
    office = visit(language, **DESKTOP)
    in_office(office, "dormitory/house/")
    office.page.check("#action-toggle")
    office.page.select_option("[name=action]", "wall_links")
    office.page.click("button[name=index]")
    link = office.page.locator("input[readonly]").first.input_value()
    office.keep("wall-links")
    return link


def test_portraits_on_the_wall_look_at_whoever_is_added(
    visit: Callable[..., Visitor], school: School
) -> None:
    link = wall_link(visit, "en")
    hall = visit("en", viewport={"width": 1920, "height": 1080})
    hall.page.goto(link)
    hall.page.wait_for_function(f"() => ({LIVE_ON_WALL})().length >= 24", timeout=120_000)
    assert hall.page.locator(".wall moving-portrait").count() == 24
    assert hall.page.locator(".wall li").count() > 24
    hall.page.evaluate(GREETED)
    school.manage("shell", "-c", HANG.format(name="Newcomer"))
    hall.page.locator(".large", has_text="Newcomer").wait_for(timeout=20_000)
    # The newest one hangs at the upper left, and greets.
    hall.page.wait_for_function(
        f"() => ({LIVE_ON_WALL})()"
        ".filter(one => !one.closest('.large') && one.amplitudes.lookRight < -0.15).length > 12",
        timeout=60_000,
    )
    hall.look("wall-looks")
    hall.page.wait_for_function("() => window.greeted", timeout=60_000)
    # What hung before was not loaded again.
    fetched = hall.page.evaluate(
        "() => performance.getEntriesByType('resource').filter(one => one.name.endsWith('.live')).length"
    )
    assert fetched < 36


def test_without_webgl_the_wall_shows_films(visit: Callable[..., Visitor]) -> None:
    link = wall_link(visit, "en")
    hall = visit("en", viewport={"width": 1920, "height": 1080})
    hall.page.add_init_script(f"window.noWebGl = true; {WATCHED}")
    hall.page.goto(link)
    hall.page.locator(".wall .large").wait_for()
    hall.page.wait_for_function("() => !document.querySelector('moving-portrait')")
    assert str(hall.page.locator(".wall .large img").get_attribute("src")).endswith(".webp")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_new_portrait_appears_on_the_wall(
    visit: Callable[..., Visitor], school: School, language: str
) -> None:
    link = wall_link(visit, language)
    hall = visit(language, viewport={"width": 1920, "height": 1080})
    hall.page.goto(link)
    hall.page.locator(".wall .large").wait_for()
    hall.page.wait_for_function("() => [...document.images].every(image => image.complete)")
    assert hall.page.locator(".wall li").count() > 20
    school.manage("shell", "-c", HANG.format(name=f"새 얼굴 {language}"))
    hall.page.locator(".large", has_text=f"새 얼굴 {language}").wait_for(timeout=20_000)
    hall.look("wall")
    hall.page.goto("about:blank")
    hall.page.goto(f"{hall.url}/wall/#no:such:key")
    hall.page.locator(".wall-note:visible").wait_for()
    hall.look("wall-ended")
