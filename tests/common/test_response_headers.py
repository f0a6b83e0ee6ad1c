"""No cache keeps tokens and private answers, and the admin's pages run under a policy."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.common.test_admin_pages import LISTS, populate
from tests.conftest import PASSWORD
from tests.portrait.kit import enqueue
from user.models import User

# A <script> without src, a style attribute or element, a handler such as onclick, a javascript: address.
INLINE = re.compile(
    r"<script(?![^>]*(\bsrc=|type=\"application/json\"))|\sstyle=|<style|\son[a-z]+=\"|javascript:",
    re.IGNORECASE,
)


@pytest.mark.django_db
def test_no_cache_keeps_tokens(alice: User) -> None:
    client = APIClient()
    pair = client.post("/user/api/token/", {"username": "alice", "password": PASSWORD})
    again = client.post("/user/api/token/refresh/", {"refresh": pair.json()["refresh"]})
    refused = client.post("/user/api/token/", {"username": "alice", "password": "wrong"})
    assert [pair.status_code, again.status_code, refused.status_code] == [200, 200, 401]
    for answer in (pair, again, refused):
        assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/user/me/",
        "/user/portrait/history/",
        "/dorm/sorting/",
        "/dorm/myroom/",
        "/dorm/card/",
        "/dorm/card/share/",
        "/lounge/",
        "/lounge/board/",
    ],
)
@pytest.mark.parametrize("sorted_into", [None, 1])
def test_no_cache_keeps_what_a_student_is_told(
    as_alice: APIClient, houses: None, path: str, sorted_into: int | None
) -> None:
    User.objects.update(house=sorted_into)
    for client in (as_alice, APIClient()):
        assert client.get(path)["Cache-Control"] == "no-store"


@pytest.mark.django_db(transaction=True)
def test_the_polled_answer_is_kept_by_its_student_alone_and_revalidated(
    as_alice: APIClient, alice: User
) -> None:
    enqueue(alice)
    first = as_alice.get("/user/portrait/")
    assert first["Cache-Control"] == "private, no-cache"
    assert as_alice.get("/user/portrait/", headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_public_files_are_still_kept(client: Client) -> None:
    assert client.get("/web/art/empty-frame.svg")["Cache-Control"] == "no-cache"


def admin_pages(admin: Client) -> list[str]:
    """Every list, form, history and confirmation that a populated admin has."""
    pages = ["/admin/", "/admin/password_change/", "/admin/login/"]
    for path in LISTS:
        html = admin.get(path).content.decode()
        rows = re.findall(rf'href="({path}\d+/change/)', html)
        forms = [path, *rows[:1], *(f"{row.removesuffix('change/')}delete/" for row in rows[:1])]
        pages += [*forms, *(f"{row.removesuffix('change/')}history/" for row in rows[:1])]
        pages += [f"{path}add/"] if f"{path}add/" in html else []
    return pages


@pytest.mark.django_db
def test_every_page_of_the_admin_has_a_policy_and_nothing_that_it_would_block(admin: Client) -> None:
    populate(0, 3)
    pages = admin_pages(admin)
    assert len(pages) > 3 * len(LISTS)
    for path in pages:
        answer = admin.get(path)
        assert answer.status_code in (200, 302, 403), path  # workers cannot be deleted
        policy = answer["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy, path
        assert INLINE.search(answer.content.decode()) is None, path


@pytest.mark.django_db
def test_the_sign_in_and_the_refusals_of_the_admin_have_it_too(client: Client) -> None:
    refused = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x", "password": "y"})
    for answer, status in (
        (client.get("/admin/login/"), 200),
        (client.get("/admin/"), 302),
        (client.get("/admin/nothing/"), 302),
        (refused, 403),
    ):
        assert answer.status_code == status
        assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_other_pages_keep_their_own(client: Client) -> None:
    assert "script-src 'self'" in client.get("/")["Content-Security-Policy"]
