"""POST /lounge/ and /lounge/post/."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from lounge.models import Entry
from user.models import User

PATHS = ("/lounge/", "/lounge/post/")


@pytest.mark.parametrize("path", PATHS)
def test_the_entry_comes_back_and_is_on_the_board(as_alice: APIClient, alice: User, path: str) -> None:
    response = as_alice.post(path, {"content": "Good evening!"})
    assert response.status_code == 200
    entry = Entry.objects.get()
    assert response.json() == {
        "id": entry.pk,
        "content": "Good evening!",
        "author": alice.pk,
        "author_name": "Alice",
        "dorm_name": "Gryffindor",
        "icon": "http://testserver/media/portraits/alice/moving.webp",
        "created": timezone.localdate().strftime("%y.%m.%d"),
        "edited": False,
    }
    assert as_alice.get("/lounge/").json()["board"] == [response.json()]


def test_it_is_kept_as_typed_but_for_composed_form(as_alice: APIClient) -> None:
    typed = "  한글 \n <b>&amp;</b> 👩‍🎓  "
    response = as_alice.post("/lounge/", {"content": typed})
    assert response.json()["content"] == "  한글 \n <b>&amp;</b> 👩‍🎓  "


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "blank"),
        ("      \n ", "blank"),
        ("ㅤㅤㅤㅤㅤㅤ", "blank"),
        ("다섯글자임", "min_length"),
        ("가" * 251, "max_length"),
        ("Good\x00evening", "control_characters"),
        ("Good\tevening", "control_characters"),
        (None, "null"),
        (1234567, "invalid"),
        (["Good evening"], "invalid"),
    ],
)
def test_bad_texts_are_refused(as_alice: APIClient, path: str, content: Any, code: str) -> None:
    response = as_alice.post(path, {"content": content})
    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("content", code)]
    assert not Entry.objects.exists()


def test_half_a_character_is_refused(as_alice: APIClient) -> None:
    response = as_alice.post(
        "/lounge/", r'{"content": "Good \ud83d evening"}', content_type="application/json"
    )
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "control_characters")


def test_without_content_it_is_refused(as_alice: APIClient) -> None:
    response = as_alice.post("/lounge/", {"text": "Good evening!"})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "required")


@pytest.mark.parametrize("content", ["여섯글자이상", "가" * 250, "\u1112\u1161\u11ab" * 250])
def test_the_bounds_are_six_and_250_characters(as_alice: APIClient, content: str) -> None:
    assert as_alice.post("/lounge/", {"content": content}).status_code == 200


def test_refusals_are_in_the_readers_language(as_alice: APIClient, as_korean_alice: APIClient) -> None:
    form = {"content": "hi"}
    assert as_alice.post("/lounge/", form).json()["detail"] == "Please write at least 6 characters."
    assert as_korean_alice.post("/lounge/", form).json()["detail"] == "6자 이상 적어 주세요."


def test_writing_too_often_is_429_and_reading_is_not(
    as_alice: APIClient, as_bob: APIClient, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"guestbook": "2/minute"})
    form = {"content": "Good evening!"}
    assert [as_alice.post(path, form).status_code for path in (*PATHS, "/lounge/")] == [200, 200, 429]
    assert as_bob.post("/lounge/", form).status_code == 200
    assert as_alice.get("/lounge/").status_code == 200
    cache.clear()
