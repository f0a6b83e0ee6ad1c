"""``GET /user/portrait/``."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from portrait.models import PortraitJob, PortraitWorker
from portrait.queue import transitions, workers
from portrait.selectors import portrait_status
from portrait.serializers import StatusSerializer
from tests.portrait.kit import claim, enqueue, make_portrait, student, write_results
from user import private_pictures
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/user/portrait/"


def test_before_the_first_photo_there_is_none(as_alice: APIClient) -> None:
    status = as_alice.get(URL).json()

    assert (status["status"], status["job"], status["eta"], status["error"]) == ("none", None, None, None)
    assert set(status["files"].values()) == {None}
    assert status["portrait"].endswith("/web/art/empty-frame.svg")


def test_a_record_that_was_loaded_before_the_portrait_was_finished_is_loaded_again(alice: User) -> None:
    enqueue(alice)
    job = claim()
    before = User.objects.get(pk=alice.pk)
    results = write_results(job)
    assert transitions.finish(job, results)
    assert portrait_status(before)["portrait"].endswith(results.names["webp"])


def test_a_format_that_is_not_made_here_is_null(as_alice: APIClient, alice: User) -> None:
    enqueue(alice)
    job = claim()
    results = write_results(job)
    made = {name: file for name, file in results.names.items() if name not in ("gif", "avif")}
    assert transitions.finish(job, replace(results, names=made))
    files = as_alice.get(URL).json()["files"]
    assert (files["gif"], files["avif"]) == (None, None)
    assert all(files[name] for name in ("webp", "mp4", "poster", "tile"))


def test_it_follows_the_job_from_the_queue_to_the_files(as_alice: APIClient, alice: User) -> None:
    enqueue(alice, motion="nod")
    status = as_alice.get(URL).json()
    assert (status["status"], status["progress"], status["attempts"]) == ("queued", 0, 0)
    assert status["files"]["webp"] is None
    assert status["portrait"] == status["files"]["still"]

    job = claim()
    transitions.renew(job, stage="animate", progress=0.5)
    status = as_alice.get(URL).json()
    assert (status["status"], status["stage"], status["progress"]) == ("running", "animate", 0.5)

    results = write_results(job)
    transitions.finish(job, results)
    status = as_alice.get(URL).json()
    assert (status["status"], status["progress"], status["style"]) == ("succeeded", 1, "starry-night")
    assert as_alice.get(status["files"]["still"]).status_code == 200
    for name in ("webp", "gif", "mp4", "poster"):
        assert status["files"][name].startswith("http://testserver/media/portraits/")
        assert as_alice.get(status["files"][name]).status_code == 200
    assert status["portrait"] == status["files"]["webp"]


def test_a_failure_has_a_code_and_a_sentence_in_the_readers_language(
    as_alice: APIClient, alice: User
) -> None:
    enqueue(alice)
    transitions.fail(claim(), "no_face", "internals that are nobody's business", final=True)

    english = as_alice.get(URL).json()["error"]
    korean = as_alice.get(URL, headers={"Accept-Language": "ko"}).json()["error"]

    assert english["code"] == korean["code"] == "no_face"
    assert "No face" in english["message"]
    assert "얼굴" in korean["message"]
    assert "internals" not in english["message"]


def test_an_attempt_that_failed_is_no_error_while_others_follow(as_alice: APIClient, alice: User) -> None:
    enqueue(alice)
    transitions.fail(claim(), "child_killed")

    status = as_alice.get(URL).json()
    assert (status["status"], status["error"], status["attempts"]) == ("queued", None, 1)


def test_after_a_failure_the_portrait_before_is_still_shown(as_alice: APIClient, alice: User) -> None:
    before = make_portrait(alice)
    enqueue(alice)
    transitions.fail(claim(), "no_face", final=True)

    status = as_alice.get(URL).json()
    assert status["status"] == "failed"
    assert status["portrait"].endswith(before.webp.name)


def test_polling_costs_two_queries(
    as_alice: APIClient, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    workers.beat("w", 2, "")
    for owner in (alice, student("ben"), student("cho")):
        enqueue(owner)
    claim()
    with django_assert_max_num_queries(2):
        assert as_alice.get(URL).status_code == 200


def test_an_unchanged_state_is_304_and_a_changed_one_is_not(as_alice: APIClient, alice: User) -> None:
    enqueue(alice)
    first = as_alice.get(URL)
    assert first["Cache-Control"] == "private, no-cache"
    assert not first["ETag"].startswith("W/")

    again = as_alice.get(URL, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    # The sentences in the body depend on the language.
    korean = as_alice.get(URL, headers={"If-None-Match": first["ETag"], "Accept-Language": "ko"})
    assert korean["Vary"].lower().count("accept-language") == 1

    claim()
    assert as_alice.get(URL, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_the_body_is_what_its_description_says_in_every_state(as_alice: APIClient, alice: User) -> None:
    def check() -> None:
        alice.refresh_from_db()
        request: Any = SimpleNamespace(build_absolute_uri=lambda path: f"http://testserver{path}")
        described = StatusSerializer(portrait_status(alice), context={"request": request}).data
        with translation.override("en"), CaptureQueriesContext(connection) as captured:
            body = as_alice.get(URL).json()
        assert len(captured) == 2
        assert body == json.loads(json.dumps(described))
        assert list(body) == list(described)
        states.add(body["status"])

    states: set[str] = set()
    translation.activate("en")
    check()
    make_portrait(alice)
    check()
    enqueue(alice)
    check()
    claimed = claim()
    check()
    transitions.fail(claimed, "no_face", final=True)
    check()
    enqueue(alice)
    transitions.cancel(alice.pk)
    check()
    assert states == {"none", *PortraitJob.State.values}


def test_the_etag_changes_with_the_signed_address_of_the_photo(
    as_alice: APIClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(alice)
    first = as_alice.get(URL)
    later = SimpleNamespace(time=lambda: time.time() + private_pictures.STEP)
    monkeypatch.setattr(private_pictures, "time", later)
    second = as_alice.get(URL, headers={"If-None-Match": first["ETag"]})
    assert second.status_code == 200
    assert second["ETag"] != first["ETag"]
    assert second.json()["portrait"] != first.json()["portrait"]


def test_it_says_when_to_ask_again_as_long_as_that_makes_sense(as_alice: APIClient, alice: User) -> None:
    enqueue(alice)
    assert (as_alice.get(URL).json()["poll_after"], as_alice.get(URL)["Retry-After"]) == (2, "2")
    transitions.cancel(alice.pk)
    assert as_alice.get(URL).json()["poll_after"] is None
    assert not as_alice.get(URL).has_header("Retry-After")


def test_the_waiting_time_follows_from_the_queue_and_the_latest_portraits(
    as_alice: APIClient, alice: User
) -> None:
    jobs_before = [enqueue(student(f"student-{number}")) for number in range(5)]
    mine = enqueue(alice)
    assert as_alice.get(URL).json()["eta"] is None, "nobody works and nothing is known"

    PortraitWorker.objects.create(name="w", host="h", pid=1, processes=2, seconds_per_job=10.0)
    # Five before me, two at a time: two rounds before mine, and mine.
    assert as_alice.get(URL).json()["eta"] == 30

    for _ in jobs_before:
        job = claim()
        transitions.finish(job, write_results(job))
    assert as_alice.get(URL).json()["eta"] == 10

    assert claim().pk == mine.pk
    mine.refresh_from_db()
    transitions.renew(mine, stage="paint", progress=0.75)
    assert as_alice.get(URL).json()["eta"] == 3


def test_the_first_portrait_of_all_tells_its_waiting_time_by_its_own_pace(
    as_alice: APIClient, alice: User
) -> None:
    enqueue(alice)
    PortraitWorker.objects.create(name="w", host="h", pid=1, processes=1)
    mine = claim()
    PortraitJob.objects.update(started_at=timezone.now() - timedelta(seconds=6))
    transitions.renew(mine, stage="face", progress=0.05)
    assert as_alice.get(URL).json()["eta"] is None, "too early to tell"
    transitions.renew(mine, stage="paint", progress=0.5)
    assert as_alice.get(URL).json()["eta"] in (6, 7)


def test_a_silent_worker_promises_nothing(as_alice: APIClient, alice: User) -> None:
    enqueue(alice)
    long_ago = timezone.now() - timedelta(seconds=PortraitWorker.SILENT + 1)
    PortraitWorker.objects.create(
        name="w", host="h", pid=1, processes=2, seconds_per_job=10.0, seen_at=long_ago
    )
    assert as_alice.get(URL).json()["eta"] is None


def test_nobody_sees_the_job_of_somebody_else(as_bob: APIClient, alice: User) -> None:
    make_portrait(alice)
    assert as_bob.get(URL).json()["status"] == "none"


def test_a_visitor_is_turned_away(visitor: APIClient) -> None:
    assert visitor.get(URL).status_code == 401


def test_the_options_list_styles_motions_and_orders_in_the_readers_language(as_alice: APIClient) -> None:
    english = as_alice.get(f"{URL}options/").json()
    korean = as_alice.get(f"{URL}options/", headers={"Accept-Language": "ko"}).json()

    assert [order["name"] for order in english["orders"]] == PortraitJob.Order.values
    for kind in ("styles", "motions"):
        assert len(english[kind]) >= 4
        assert [entry["name"] for entry in english[kind]] == [entry["name"] for entry in korean[kind]]
        assert [entry["title"] for entry in english[kind]] != [entry["title"] for entry in korean[kind]]
