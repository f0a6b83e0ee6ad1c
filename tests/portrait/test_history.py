"""Another portrait of the same photo, and back to one before."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from common.storage import media
from portrait.models import PortraitJob
from portrait.queue import transitions
from portrait.queue.projection import KEPT
from tests.paths import media_path
from tests.portrait.kit import (
    assert_no_orphans,
    claim,
    enqueue,
    files_on_disk,
    make_portrait,
    write_results,
)
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

AGAIN = "/user/portrait/again/"
CHOOSE = "/user/portrait/choose/"
HISTORY = "/user/portrait/history/"


def history(client: APIClient) -> list[dict[str, Any]]:
    answer = client.get(HISTORY).json()
    assert answer["kept"] == KEPT
    portraits: list[dict[str, Any]] = answer["portraits"]
    return portraits


def shown(client: APIClient) -> str:
    return str(client.get("/user/me/").json()["portrait"])


def finish() -> PortraitJob:
    job = claim()
    assert transitions.finish(job, write_results(job))
    job.refresh_from_db()
    return job


def test_another_portrait_is_made_of_the_same_photo(as_alice: APIClient, alice: User) -> None:
    before = make_portrait(alice)
    photo = media_path(str(before.photo.name)).read_bytes()

    answer = as_alice.post(AGAIN, {"style": "starry-night", "motion": "nod", "seed": 5})

    assert answer.status_code == 200
    status = answer.json()
    assert status["job"] != before.pk
    assert (status["status"], status["style"], status["motion"], status["seed"]) == (
        "queued",
        "starry-night",
        "nod",
        5,
    )
    after = finish()
    assert media_path(str(after.photo.name)).read_bytes() == photo
    assert [entry["id"] for entry in history(as_alice)] == [after.pk, before.pk]
    assert shown(as_alice).endswith(after.webp.name or "-")
    # The photo is on the disk once, whole and cropped.
    assert {name for name in files_on_disk() if name.startswith("photos/")} == {
        after.photo.name,
        after.still.name,
    }
    assert_no_orphans()


def test_what_is_left_to_the_school_may_be_left_out(as_alice: APIClient, alice: User) -> None:
    make_portrait(alice)
    assert as_alice.post(AGAIN, {}).json()["status"] == "queued"


def test_another_one_takes_the_place_of_the_one_in_the_making(as_alice: APIClient, alice: User) -> None:
    enqueue(alice)
    running = claim()
    assert as_alice.post(AGAIN, {"style": "starry-night"}).status_code == 200
    running.refresh_from_db()
    assert running.state == "cancelled"
    finish()
    assert_no_orphans()


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"style": "finger-paint"}, "unknown_style"),
        ({"motion": "cartwheel"}, "unknown_motion"),
        ({"order": "backwards"}, "unknown_order"),
        ({"seed": -1}, "invalid"),
        ({"style": 7}, "invalid"),
        ({"style": "finger-paint", "motion": "cartwheel"}, "invalid"),
        ({"style": "finger-paint", "seed": -1}, "invalid"),
        ([], "invalid"),
    ],
)
def test_a_choice_that_does_not_exist_changes_nothing(
    as_alice: APIClient, alice: User, form: Any, code: str
) -> None:
    make_portrait(alice)
    answer = as_alice.post(AGAIN, form)
    if "errors" in answer.json():
        assert {error["field"] for error in answer.json()["errors"]} == set(form)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert PortraitJob.objects.count() == 1


@pytest.mark.parametrize("photo", ["never sent", "purged", "lost"])
def test_without_the_photo_there_is_no_other_portrait(as_alice: APIClient, alice: User, photo: str) -> None:
    if photo != "never sent":
        job = make_portrait(alice)
        media().delete([str(job.photo.name)])
        if photo == "purged":
            PortraitJob.objects.update(photo="")
    answer = as_alice.post(AGAIN, {})
    assert (answer.status_code, answer.json()["code"]) == (409, "photo_missing")


def test_an_earlier_portrait_becomes_the_students_again(as_alice: APIClient, alice: User) -> None:
    first, second = make_portrait(alice), make_portrait(alice)
    assert [entry["current"] for entry in history(as_alice)] == [True, False]

    answer = as_alice.post(CHOOSE, {"id": first.pk})

    assert answer.status_code == 200
    assert [(entry["id"], entry["current"]) for entry in answer.json()["portraits"]] == [
        (second.pk, False),
        (first.pk, True),
    ]
    assert shown(as_alice).endswith(first.webp.name or "-")
    for entry in history(as_alice):
        assert as_alice.get(entry["files"]["webp"]).status_code == 200
    assert_no_orphans()


def test_a_new_portrait_is_shown_also_after_an_earlier_one_was_chosen(
    as_alice: APIClient, alice: User
) -> None:
    first, _second = make_portrait(alice), make_portrait(alice)
    as_alice.post(CHOOSE, {"id": first.pk})
    third = make_portrait(alice)
    assert shown(as_alice).endswith(third.webp.name or "-")


def test_the_chosen_one_comes_back_when_the_next_one_is_not_made(as_alice: APIClient, alice: User) -> None:
    first, _second = make_portrait(alice), make_portrait(alice)
    as_alice.post(CHOOSE, {"id": first.pk})
    enqueue(alice)
    transitions.cancel(alice.pk)
    assert shown(as_alice).endswith(first.webp.name or "-")


def test_the_last_few_are_kept_and_the_chosen_one_among_them(as_alice: APIClient, alice: User) -> None:
    first = make_portrait(alice)
    others = [make_portrait(alice) for _ in range(KEPT - 1)]
    as_alice.post(CHOOSE, {"id": first.pk})
    newest = make_portrait(alice)

    # The oldest of those that nobody chose is gone.
    assert {entry["id"] for entry in history(as_alice)} == {
        first.pk,
        newest.pk,
        *(job.pk for job in others[1:]),
    }
    assert as_alice.post(CHOOSE, {"id": others[0].pk}).json()["code"] == "portrait_not_found"
    assert_no_orphans()


def test_while_one_is_being_made_none_is_chosen(as_alice: APIClient, alice: User) -> None:
    first = make_portrait(alice)
    enqueue(alice)
    answer = as_alice.post(CHOOSE, {"id": first.pk})
    assert (answer.status_code, answer.json()["code"]) == (409, "portrait_active")


def test_nobody_sees_or_chooses_the_portrait_of_somebody_else(as_bob: APIClient, alice: User) -> None:
    hers = make_portrait(alice)
    assert history(as_bob) == []
    answer = as_bob.post(CHOOSE, {"id": hers.pk})
    assert (answer.status_code, answer.json()["code"]) == (404, "portrait_not_found")


def test_a_failed_one_cannot_be_chosen(as_alice: APIClient, alice: User) -> None:
    failed = enqueue(alice)
    transitions.fail(claim(), "no_face", final=True)
    assert as_alice.post(CHOOSE, {"id": failed.pk}).status_code == 404
    assert history(as_alice) == []


def test_the_account_takes_all_its_portraits_along(as_alice: APIClient, alice: User) -> None:
    for _ in range(3):
        make_portrait(alice)
    alice.delete()
    assert files_on_disk() == set()


def test_the_history_is_one_query(
    as_alice: APIClient, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        make_portrait(alice)
    with django_assert_num_queries(2):  # and one for the token's student
        as_alice.get(HISTORY)


@pytest.mark.parametrize(("method", "path"), [("get", HISTORY), ("post", CHOOSE), ("post", AGAIN)])
def test_a_visitor_is_turned_away(visitor: APIClient, method: str, path: str) -> None:
    assert getattr(visitor, method)(path).status_code == 401


def photo_of(job: PortraitJob, contents: bytes) -> PortraitJob:
    """Another photo for ``job`` than those of the other jobs."""
    media().write(str(job.photo.name), contents)
    return job


def another_ones_photo(client: APIClient) -> bytes:
    """The photo that the next portrait is made of."""
    assert client.post(AGAIN, {}).status_code == 200
    return media().read(str(PortraitJob.objects.latest("id").photo.name))


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_photo_that_came_to_nothing_is_not_in_the_way_of_the_one_that_worked(
    as_alice: APIClient, alice: User, end: str
) -> None:
    worn = photo_of(make_portrait(alice), b"worked")
    photo_of(enqueue(alice), b"no face")
    if end == "failed":
        transitions.fail(claim(), "no_face", final=True)
    else:
        transitions.cancel(alice.pk)

    assert shown(as_alice).endswith(worn.webp.name or "-")
    assert another_ones_photo(as_alice) == b"worked"
    after = finish()
    assert shown(as_alice).endswith(after.webp.name or "-")
    assert another_ones_photo(as_alice) == b"worked"
    assert_no_orphans()


def test_another_portrait_of_the_photo_that_is_being_painted_is_of_that_photo(
    as_alice: APIClient, alice: User
) -> None:
    """It is what the student sees, and the only place that has it."""
    photo_of(make_portrait(alice), b"old")
    photo_of(enqueue(alice), b"new")
    assert another_ones_photo(as_alice) == b"new"


def test_of_a_portrait_that_was_chosen_again_others_can_be_painted_while_its_photo_is_kept(
    as_alice: APIClient, alice: User
) -> None:
    first = photo_of(make_portrait(alice), b"shared")
    as_alice.post(AGAIN, {})
    second = finish()
    first.refresh_from_db()
    assert not first.photo, "the photo of both is kept once"
    as_alice.post(CHOOSE, {"id": first.pk})
    photo_of(enqueue(alice), b"no face")
    transitions.fail(claim(), "no_face", final=True)
    second.refresh_from_db()
    assert second.photo
    assert another_ones_photo(as_alice) == b"shared"
    assert_no_orphans()


def test_of_a_portrait_whose_photo_was_replaced_no_other_can_be_painted(
    as_alice: APIClient, alice: User
) -> None:
    first, _second = make_portrait(alice), photo_of(make_portrait(alice), b"another person")
    as_alice.post(CHOOSE, {"id": first.pk})
    answer = as_alice.post(AGAIN, {})
    assert (answer.status_code, answer.json()["code"]) == (409, "photo_missing")
