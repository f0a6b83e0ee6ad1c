"""The public card: off by default, at an unguessable address, and gone when revoked."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.test import Client
from PIL import Image
from rest_framework.test import APIClient

from dormitory.card import store
from dormitory.models import CardShare
from tests.conftest import PASSWORD
from tests.dormitory.conftest import sort
from tests.portrait.kit import enqueue, files_on_disk, make_portrait
from user.models import User

pytestmark = pytest.mark.django_db

URL = "/dorm/card/share/"


def share(client: APIClient) -> str:
    """The path of the shared page."""
    answer = client.post(URL).json()
    assert answer["shared"] is True and answer["created"]
    path = str(answer["url"]).removeprefix("http://testserver")
    assert re.fullmatch(r"/card/[\w-]{22,}/", path)
    return path


@pytest.fixture
def page(as_alice: APIClient, ravenclaw: User) -> str:
    return share(as_alice)


def status(client: Client, path: str) -> int:
    return client.get(path).status_code


def test_it_is_off_until_the_student_shares(as_alice: APIClient, ravenclaw: User) -> None:
    assert as_alice.get(URL).json() == {"shared": False, "url": None, "created": None}
    assert not CardShare.objects.exists()


def test_everybody_with_the_address_sees_the_card(client: Client, page: str) -> None:
    response = client.get(page, headers={"Accept-Language": "en"})
    assert response.status_code == 200
    html = response.content.decode()
    assert "Alice" in html and "Ravenclaw" in html and "Moving Portraits School of Magic" in html
    for kind, media_type in store.CONTENT_TYPES.items():
        picture = client.get(f"{page}image.{kind}")
        assert (picture.status_code, picture["Content-Type"]) == (200, media_type)
    assert Image.open(io.BytesIO(client.get(f"{page}image.png").getvalue())).size == (1200, 756)


def test_every_picture_that_the_page_names_is_there(client: Client, page: str) -> None:
    html = client.get(page).content.decode()
    named = re.findall(r'(?:src|srcset|href|content)="((?:http://testserver)?/[^"]+)"', html)
    assert len(named) > 5
    for address in named:
        assert status(client, address.replace("http://testserver", "")) == 200, address


def test_it_tells_nothing_that_is_not_on_the_card_and_not_the_birthday(
    client: Client, page: str, alice: User
) -> None:
    html = client.get(page).content.decode()
    assert "2005" not in html and alice.username not in html
    alice.refresh_from_db()
    assert alice.house is not None and alice.birthday is not None
    assert store.edition(alice, alice.house, name=store.PUBLIC).facts.birthday is None


def test_the_public_picture_is_not_the_students_own(as_alice: APIClient, client: Client, page: str) -> None:
    own = as_alice.get("/dorm/card/image/")
    public = client.get(f"{page}image.png")
    assert own["ETag"] != public["ETag"]
    assert own.getvalue() != public.getvalue()


def test_programs_that_preview_links_find_a_picture_and_search_engines_nothing(
    client: Client, page: str
) -> None:
    response = client.get(page)
    html = response.content.decode()
    properties = dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', html))
    assert properties["og:image"].startswith(f"http://testserver{page}image.png")
    assert (properties["og:image:width"], properties["og:image:height"]) == ("1200", "756")
    assert properties["og:url"] == f"http://testserver{page}"
    assert properties["twitter:card"] == "summary_large_image"
    assert "noindex" in properties["robots"] and "noindex" in response["X-Robots-Tag"]
    assert "noindex" in client.get(f"{page}image.png")["X-Robots-Tag"]


def test_the_page_runs_nothing_loads_nothing_from_elsewhere_and_does_not_give_its_address_away(
    client: Client, page: str
) -> None:
    response = client.get(page)
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "script-src" not in policy and "unsafe" not in policy
    assert response["Referrer-Policy"] == "no-referrer"
    html = response.content.decode()
    assert not re.search(r"<script|<style|\bstyle=|\bon\w+=", html)


def test_who_wants_no_motion_gets_none(client: Client, page: str) -> None:
    html = client.get(page).content.decode()
    first = re.findall(r"<source ([^>]+)>", html)[0]
    assert "image.png" in first and "prefers-reduced-motion: reduce" in first


@pytest.mark.parametrize(("language", "word"), [("ko", "학생증"), ("en", "student card"), ("fr", "학생증")])
def test_it_speaks_the_readers_language(client: Client, page: str, language: str, word: str) -> None:
    html = client.get(page, headers={"Accept-Language": language}).content.decode()
    assert word in html
    assert f'<html lang="{"en" if language == "en" else "ko"}">' in html


def test_a_name_is_text_and_never_markup(client: Client, as_alice: APIClient, ravenclaw: User) -> None:
    User.objects.filter(pk=ravenclaw.pk).update(fullname='"><script>1</script>')
    html = client.get(share(as_alice)).content.decode()
    assert "<script" not in html and "&lt;script&gt;" in html


def test_a_name_from_right_to_left_keeps_its_place(
    client: Client, as_alice: APIClient, ravenclaw: User
) -> None:
    User.objects.filter(pk=ravenclaw.pk).update(fullname="שרה")
    html = client.get(share(as_alice), headers={"Accept-Language": "en"}).content.decode()
    assert "<title>\u2068שרה\u2069" in html and html.count("שרה") == html.count("\u2068שרה\u2069")


def test_revoking_ends_it_at_once_and_the_address_never_comes_back(
    as_alice: APIClient, client: Client, page: str, django_capture_on_commit_callbacks: Any
) -> None:
    client.get(f"{page}image.png")
    etag = client.get(f"{page}image.png")["ETag"]
    with django_capture_on_commit_callbacks(execute=True):
        assert as_alice.delete(URL).json() == {"shared": False, "url": None, "created": None}
    assert status(client, page) == status(client, f"{page}image.png") == 404
    assert client.get(f"{page}image.png", headers={"If-None-Match": etag}).status_code == 404
    assert not any("public" in name for name in files_on_disk())
    assert share(as_alice) != page
    assert status(client, page) == 404


def test_sharing_twice_keeps_the_address(as_alice: APIClient, page: str) -> None:
    assert share(as_alice) == page


def test_revoking_what_is_not_shared_is_no_fault(as_alice: APIClient, ravenclaw: User) -> None:
    assert as_alice.delete(URL).status_code == 200


@pytest.mark.parametrize("language", ["ko", "en"])
def test_an_address_that_is_none_is_a_friendly_page(client: Client, language: str) -> None:
    response = client.get("/card/nothing-here-at-all-1234/", headers={"Accept-Language": language})
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")
    assert ("액자가 비어 있어요" if language == "ko" else "This frame is empty") in response.content.decode()


@pytest.mark.parametrize("end", ["deleted", "closed"])
def test_it_ends_with_the_account(
    as_alice: APIClient, client: Client, page: str, alice: User, end: str
) -> None:
    if end == "deleted":
        assert as_alice.delete("/user/me/", {"password": PASSWORD}).status_code == 200
        assert not CardShare.objects.exists()
    else:
        User.objects.filter(pk=alice.pk).update(is_active=False)
    assert status(client, page) == status(client, f"{page}image.webp") == 404


def test_nobody_shares_or_hides_the_card_of_somebody_else(
    as_bob: APIClient, client: Client, bob: User, page: str
) -> None:
    sort(bob, 1)
    assert as_bob.get(URL).json()["shared"] is False
    as_bob.delete(URL)
    assert status(client, page) == 200


def test_there_is_nothing_to_share_before_the_sorting(as_alice: APIClient, photographed: User) -> None:
    for method in ("get", "post", "delete"):
        answer = getattr(as_alice, method)(URL)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_sorted")


def test_a_visitor_is_turned_away(visitor: APIClient) -> None:
    assert visitor.post(URL).status_code == 401


@pytest.mark.parametrize("kind", ["svg", "jpg", "exe"])
def test_no_other_file_is_served(client: Client, page: str, kind: str) -> None:
    assert status(client, f"{page}image.{kind}") == 404


def test_the_page_is_only_read(client: Client, page: str) -> None:
    assert client.post(page).status_code == 405


def test_the_office_sees_what_is_shared_and_can_end_it(client: Client, page: str) -> None:
    client.force_login(User.objects.create_superuser("dean", PASSWORD, fullname="Dean"))
    listed = client.get("/admin/dormitory/cardshare/")
    assert listed.status_code == 200 and page in listed.content.decode()
    row = CardShare.objects.get()
    assert client.get(f"/admin/dormitory/cardshare/{row.pk}/change/").status_code == 200
    assert client.get("/admin/dormitory/cardshare/add/").status_code == 403
    client.post(f"/admin/dormitory/cardshare/{row.pk}/delete/", {"post": "yes"})
    assert status(client, page) == 404


@pytest.mark.django_db(transaction=True)
def test_a_photo_that_waits_to_be_painted_changes_nothing_that_visitors_see(
    as_alice: APIClient, ravenclaw: User, client: Client
) -> None:
    def seen() -> tuple[bytes, bytes]:
        return client.get(path).content, client.get(f"{path}image.png").getvalue()

    path = share(as_alice)
    first = seen()
    enqueue(ravenclaw)
    assert seen() == first
    make_portrait(ravenclaw)
    with_portrait = seen()
    assert with_portrait[0] != first[0]
    enqueue(ravenclaw)
    assert seen() == with_portrait
