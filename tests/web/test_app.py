"""The page as an app: it is installed, it opens with the own card without a connection, and keeps no others'."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from demo.browser import FLAGS, School, chromium_path, running_school
from tests.conftest import PASSWORD
from tests.paths import ROOT
from tests.web.app_kit import QUESTION, kept, until, wait_for_card, wait_for_worker, wait_without_card
from tests.web.kit import DESKTOP, PHONE, Visitor, astronaut

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BOTH = pytest.mark.parametrize(
    ("language", "device"), [("ko", PHONE), ("en", DESKTOP)], ids=["ko-phone", "en-desktop"]
)
INSTALL = {"ko": "설치", "en": "Install"}
NO_CONNECTION = {"ko": "연결되어 있지 않아요", "en": "no connection"}
ALONE = {"ko": "저장하지 않아요", "en": "never kept on this device"}


@pytest.fixture(scope="module")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the page's files, which the tests may change."""
    folder = tmp_path_factory.mktemp("page") / "web"
    shutil.copytree(ROOT / "web", folder)
    return folder


@pytest.fixture(scope="module")
def school(browser: Browser, page_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """Four students with portraits who wrote six entries, and no painters."""
    demo = ("--students", "4", "--entries", "6", "--portraits", "4", "--password", PASSWORD)
    copied = {
        "DJANGO_SETTINGS_MODULE": "tests.web.copied_page_settings",
        "COPIED_PAGE": str(page_folder),
        "PORTRAIT_SIZE": "256",
    }
    folder = tmp_path_factory.mktemp("app")
    with running_school(folder, seed_demo=demo, command="serve_api", **copied) as school:
        yield school


@BOTH
def test_the_browser_offers_to_install_it(
    browser: Browser, school: School, pictures: Path, tmp_path: Path, language: str, device: dict[str, Any]
) -> None:
    # An app can be installed in a profile that stays, not in a private window.
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    context = browser.browser_type.launch_persistent_context(
        tmp_path / "profile",
        executable_path=chromium_path(),
        args=[*FLAGS, *sandbox],
        locale={"ko": "ko-KR", "en": "en-US"}[language],
        **device,
    )
    visitor = Visitor(context, school.url, pictures)
    page = visitor.page
    visitor.open()
    wait_for_worker(page)
    wire = context.new_cdp_session(page)
    assert wire.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    manifest = wire.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"] == f"{school.url}/app.webmanifest?lang={language}"

    # The browser's own event has shown the offer; it is declined for good.
    page.get_by_role("button", name=INSTALL[language], exact=True).wait_for()
    visitor.look("offer")
    page.locator("[data-act=dismiss]").click()
    visitor.open()
    wait_for_worker(page)
    page.wait_for_load_state("networkidle")
    assert page.locator(".install:visible").count() == 0
    assert visitor.complaints == []
    context.close()


# The browser's dialog is no part of a page; this one says yes.
OFFER = """() => {
  const event = new Event("beforeinstallprompt", { cancelable: true });
  event.prompt = () => { window.prompted = true; };
  event.userChoice = Promise.resolve({ outcome: "accepted" });
  window.dispatchEvent(event);
  return event.defaultPrevented;
}"""


def test_a_tap_opens_the_browsers_dialog_once(visit: Callable[..., Visitor]) -> None:
    visitor = visit("en", **PHONE)
    visitor.open()
    assert visitor.page.evaluate(OFFER) is True
    visitor.page.locator("[data-act=install]").click()
    assert visitor.page.evaluate("window.prompted") is True
    assert visitor.page.locator(".install:visible").count() == 0


@pytest.mark.parametrize("language", ["ko", "en"])
def test_where_the_browser_has_no_dialog_words_say_how(visit: Callable[..., Visitor], language: str) -> None:
    visitor = visit(language, **PHONE)
    # As Safari on a phone tells whether the page was opened from the home screen.
    visitor.page.add_init_script("navigator.standalone = false")
    visitor.open()
    visitor.page.locator(".install p:visible").wait_for()
    assert visitor.page.locator("[data-act=install]").count() == 0
    visitor.look("by-hand")
    visitor.page.locator("[data-act=dismiss]").click()
    visitor.open()
    assert visitor.page.locator(".install:visible").count() == 0


@BOTH
def test_without_a_connection_it_opens_with_the_own_card_and_says_what_the_rest_needs(
    visit: Callable[..., Visitor], language: str, device: dict[str, Any]
) -> None:
    visitor = visit(language, **device)
    page = visitor.page
    visitor.sign_in("demo1-00001")
    name = page.locator(".room-title").inner_text()
    wait_for_worker(page)
    wait_for_card(page)
    visitor.context.set_offline(True)
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))

    for hash_ in ("#/", "#/room", "#/card"):
        visitor.open(hash_)
        page.locator(".problem", has_text=NO_CONNECTION[language]).wait_for()
        assert page.locator(".card-name bdi").inner_text() in name
        page.wait_for_function("() => [...document.images].every(image => image.naturalWidth > 0)")
    visitor.look("card")
    # All that is shown was kept; the session alone was asked for, and the page's module that needs one.
    missed = {url.removeprefix(visitor.url) for url in failed if not url.endswith("/pages/card.js")}
    assert missed == {"/user/api/token/refresh/"}

    page.click("nav a[href='#/lounge']")
    page.get_by_text(ALONE[language]).wait_for()
    visitor.look("lounge")
    for hash_ in ("#/photo", "#/account", "#/choose"):
        visitor.open(hash_)
        assert page.locator("main p").count() >= 2
        page.locator("main a[href='#/card']").wait_for()
    page.locator(".top-tools [lang]").click()
    page.locator(f"html:not([lang={language}])").wait_for(state="attached")

    # Nothing is pressed: what was asked for opens by itself.
    visitor.context.set_offline(False)
    page.locator("h2#choose, .earlier, .choice").first.wait_for()


def test_no_cache_has_anything_of_another_student(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    page = visitor.page
    visitor.sign_in("demo1-00001")
    wait_for_worker(page)
    wait_for_card(page)
    # All that a student sees of others, with the service worker at its post.
    with page.expect_response("**/lounge/gallery/?*") as gallery:
        visitor.open("#/lounge")
    people = gallery.value.json()["results"]
    own = [person for person in people if person["fullname"] in own_name(visitor)]
    others = [person for person in people if person not in own]
    assert len(own) == 1 and len(others) == 3
    page.locator("button.tile").first.click()
    page.locator("dialog img, dialog moving-portrait").first.wait_for()
    page.keyboard.press("Escape")
    page.locator(".entry").first.wait_for()
    page.click(".numbers summary")
    page.locator(".charts-row").wait_for()
    page.wait_for_load_state("networkidle")
    for hash_ in ("#/card", "#/account", "#/choose", "#/photo", "#/room"):
        visitor.walk(hash_)
        page.wait_for_load_state("networkidle")

    found = kept(page)
    assert sorted(name.partition("-")[0] for name in found) == ["own", "shell"]
    assert set(found["own"]) == {"/own/card", "/own/crest", "/own/poster", "/own/film"}
    (shell,) = [entries for name, entries in found.items() if name != "own"]
    assert all(path == "/" or path.startswith("/web/") for path in shell)
    entries = "\n".join(path + text for cache in found.values() for path, text in cache.items())
    for person in others:
        assert person["fullname"] not in entries
        for address in filter(None, person["portrait"].values()):
            folder = address.split("/")[-2]
            assert folder not in entries, address
    assert not [number for number in (2, 3, 4) if f"demo1-0000{number}" in entries]
    assert own[0]["fullname"] in found["own"]["/own/card"]


def own_name(visitor: Visitor) -> str:
    """The name on the kept card."""
    return kept(visitor.page)["own"]["/own/card"]


def test_a_photo_that_is_not_painted_yet_is_not_kept(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    page = visitor.page
    visitor.sign_up("unpainted", "Un Painted")
    visitor.send_photo(astronaut())
    page.click("[data-act=onward]")
    visitor.answer_all()
    page.keyboard.press("Enter")
    page.wait_for_url("**/#/reveal")
    visitor.walk("#/room")
    wait_for_card(page)
    # The page itself shows it, at an address that is signed and private.
    page.locator(".room-portrait img[src*='/photo/']").wait_for()
    found = kept(page)["own"]
    assert set(found) == {"/own/card", "/own/crest"}
    assert "photo/" not in found["/own/card"]


@BOTH
def test_a_notification_is_offered_while_a_portrait_is_under_way(
    visit: Callable[..., Visitor], language: str, device: dict[str, Any]
) -> None:
    visitor = visit(language, **device)
    page = visitor.page
    page.add_init_script(QUESTION)
    # This school has no worker.
    visitor.sign_up(f"waiting-{language}", "Wai Ting")
    visitor.send_photo(astronaut())
    page.locator("[data-act=notice]").wait_for()
    visitor.look("offer")
    assert page.evaluate("window.questions") == 0
    page.click("[data-act=notice]")
    visitor.context.grant_permissions(["notifications"])
    page.evaluate("window.decide('granted')")
    page.locator("[data-act=notice]").wait_for(state="detached")
    visitor.look("promised")
    assert page.evaluate("window.questions") == 1


def test_signing_out_empties_it_in_every_tab(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in("demo1-00001")
    wait_for_worker(visitor.page)
    wait_for_card(visitor.page)
    visitor.page.locator("header button").last.click()
    visitor.page.locator(".hero").wait_for()
    wait_without_card(visitor.page)
    visitor.context.set_offline(True)
    visitor.open("#/card")
    assert visitor.page.locator(".student-card").count() == 0
    visitor.look("signed-out")


def test_signing_out_without_a_connection_empties_it_too(visit: Callable[..., Visitor]) -> None:
    visitor = visit("ko", **PHONE)
    visitor.sign_in("demo1-00001")
    wait_for_worker(visitor.page)
    wait_for_card(visitor.page)
    visitor.context.set_offline(True)
    visitor.open("#/card")
    visitor.page.locator(".student-card").wait_for()
    visitor.page.locator("header button").last.click()
    visitor.page.locator(".toast").wait_for()
    visitor.page.locator(".student-card").wait_for(state="detached")
    wait_without_card(visitor.page)
    visitor.look("forgotten")


def test_a_session_that_has_ended_leaves_no_card_to_the_next_student(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in("demo1-00001")
    wait_for_card(visitor.page)
    first = own_name(visitor)
    visitor.context.clear_cookies()
    visitor.open("#/card")
    wait_without_card(visitor.page)
    visitor.sign_in("demo1-00002")
    wait_for_card(visitor.page)
    assert own_name(visitor) != first


def test_a_deleted_account_leaves_nothing(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    page = visitor.page
    visitor.sign_in("demo1-00002")
    wait_for_card(page)
    visitor.walk("#/account")
    page.locator("section[aria-labelledby=delete] [type=password]").fill(PASSWORD)
    page.locator("section[aria-labelledby=delete] [type=submit]").click()
    page.locator("dialog .danger").click()
    page.locator(".hero").wait_for()
    wait_without_card(page)


def test_a_new_edition_takes_the_place_of_the_old_one(
    visit: Callable[..., Visitor], page_folder: Path
) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open()
    wait_for_worker(page)
    (before,) = [name for name in kept(page) if name.startswith("shell-")]

    texts = page_folder / "i18n" / "en.js"
    texts.write_text(texts.read_text().replace("The portraits here look back", "The new portraits look back"))
    # The next visit has it, and from then on it is what is kept.
    visitor.open()
    assert "The new portraits" in page.locator("h1").inner_text()
    until(page, "old => caches.has(old).then(has => !has)", before)
    until(page, "() => caches.keys().then(names => names.length === 1)")
    wait_for_worker(page)
    visitor.context.set_offline(True)
    visitor.open()
    assert "The new portraits" in page.locator("h1").inner_text()


def test_the_document_of_another_edition_is_never_kept_beside_the_old_files(
    visit: Callable[..., Visitor], page_folder: Path
) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open()
    wait_for_worker(page)
    (edition,) = kept(page)
    # A release while the new service worker cannot be loaded: the old edition stays whole.
    page.route("**/service-worker.js", lambda route: route.abort())
    visitor.context.route("**/service-worker.js", lambda route: route.abort())
    (page_folder / "lib" / "house.js").touch()
    visitor.open()
    page.wait_for_load_state("networkidle")
    entries = kept(page)[edition]
    assert edition.replace("shell-", "/web/v-") in entries["/"]
    assert all(path in ("/",) or "/v-" not in path or edition[6:] in path for path in entries)
    visitor.context.set_offline(True)
    visitor.open()
    assert page.locator(".hero").count() == 1
