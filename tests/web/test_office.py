"""The admin's pages that this project adds or extends have no barriers of its own (axe), in both languages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from demo.browser import School
from tests.conftest import PASSWORD
from tests.web.kit import DESKTOP, Visitor

STAFF = "pomona"
ENDED = {"ko": "링크", "en": "This link has ended"}
OPEN_OFFICE = f"""
from django.utils import timezone
from lounge.models import Entry, Report, WallLink
from portrait.models import PortraitJob
from user.models import SchoolClass, User
User.objects.create_superuser("{STAFF}", "{PASSWORD}", fullname="Pomona")
SchoolClass.objects.create(pk=1, name="Herbology")
staff = User.objects.get(username="{STAFF}")
Report.objects.create(entry=Entry.objects.earliest("pk"), student=staff, reason="Rude.")
for code in ("", "no_face"):
    PortraitJob.objects.create(student=staff, seed=1, state="failed" if code else "cancelled", error_code=code)
WallLink.objects.create(pk=1, label="Great hall")
WallLink.objects.create(pk=2, label="Library", revoked_at=timezone.now())
"""
PAGES = (
    "",
    *("user/schoolclass/", "user/schoolclass/add/", "user/schoolclass/1/change/"),
    *("user/user/", "user/user/import/"),
    *("lounge/entry/", "lounge/walllink/", "lounge/walllink/add/", "lounge/walllink/1/change/"),
    *("dormitory/house/", "dormitory/house/1/change/"),
    *("portrait/portraitjob/", "portrait/ownpainting/", "portrait/ownpainting/add/"),
)
# Django's own template labels the search field of a list by a picture.
DJANGOS = {("label-title-only", "#searchbar")}


@pytest.fixture(scope="module")
def office(school: School) -> School:
    school.manage("shell", "-c", OPEN_OFFICE)
    return school


def sign_in(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"{visitor.url}/admin/")
    page.fill("#id_username", STAFF)
    page.fill("#id_password", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url("**/admin/")


def check(visitor: Visitor, name: str) -> None:
    visitor.keep(name.strip("/").replace("/", "-") or "front")
    before = len(visitor.complaints)
    ours = [
        (rule, place)
        for rule, _impact, places in visitor.barriers()
        for (place,) in places
        if (rule, place) not in DJANGOS
    ]
    # Here axe itself tries to set styles that the admin's policy forbids.
    visitor.complaints[before:] = [text for text in visitor.complaints[before:] if "inline style" not in text]
    assert ours == [], name


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_pages_of_the_office_have_no_barriers_of_ours(
    visit: Callable[..., Visitor], office: School, language: str
) -> None:
    visitor = visit(language, **DESKTOP)
    page = visitor.page
    sign_in(visitor)
    for path in PAGES:
        page.goto(f"{visitor.url}/admin/{path}")
        check(visitor, path)
    page.goto(f"{visitor.url}/admin/lounge/entry/")
    page.locator("#result_list .field-excerpt a").first.click()
    page.locator("#id_content").wait_for()
    check(visitor, "entry")
    # What actions show.
    for path, action in (("dormitory/house/", "wall_links"), ("user/user/", "hand_out_links")):
        page.goto(f"{visitor.url}/admin/{path}")
        page.check("#action-toggle")
        page.select_option("[name=action]", action)
        page.click("button[name=index]")
        page.locator("input[readonly]").first.wait_for()
        check(visitor, action)
    page.goto(f"{visitor.url}/admin/user/user/import/")
    twins = b"username,fullname\na,A\na,B\n"
    page.set_input_files("[name=file]", {"name": "s.csv", "mimeType": "text/csv", "buffer": twins})
    page.click("#content input[type=submit]")
    page.locator(".errornote").wait_for()
    check(visitor, "import-refused")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_revoked_link_ends_the_page_that_shows_it(
    visit: Callable[..., Visitor], office: School, language: str
) -> None:
    visitor = visit(language, **DESKTOP)
    page = visitor.page
    sign_in(visitor)
    page.goto(f"{visitor.url}/admin/lounge/walllink/add/")
    page.fill("#id_label", f"Tower {language}")
    page.click("[name=_save]")
    row = page.locator("#result_list tr", has_text=f"Tower {language}")
    link = row.locator(".field-link a").get_attribute("href")
    hall = visit(language, viewport={"width": 1280, "height": 720})
    hall.page.goto(f"{hall.url}{link}")
    hall.page.locator(".wall-note", has_not_text=ENDED[language]).wait_for(state="attached")

    row.locator("[name=_selected_action]").check()
    page.select_option("[name=action]", "revoke")
    page.click("button[name=index]")
    page.locator(".messagelist .success").wait_for()
    visitor.keep("revoked")
    assert row.locator(".field-link a").count() == 0
    hall.page.locator(".wall-note:visible", has_text=ENDED[language]).wait_for()
    hall.look("ended")
