"""The signed address of the cropped photo: it needs no header, expires, and is given to the student alone."""

from __future__ import annotations

import datetime
import time

import pytest
from rest_framework.test import APIClient

from portrait.models import PortraitJob
from portrait.queue import retention, transitions
from tests.paths import media_path
from tests.portrait.kit import claim, enqueue, make_portrait
from user import private_pictures
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def address(as_alice: APIClient, alice: User) -> str:
    """Where alice sees her photo while her portrait waits."""
    enqueue(alice)
    return str(as_alice.get("/user/portrait/").json()["files"]["still"])


def refused(visitor: APIClient, address: str) -> tuple[int, str]:
    answer = visitor.get(address)
    assert answer["Content-Type"] == "application/problem+json"
    assert "max-age" not in answer.get("Cache-Control", "")
    return answer.status_code, answer.json()["code"]


def test_an_image_element_can_show_it_and_no_cache_keeps_it(visitor: APIClient, address: str) -> None:
    answer = visitor.get(address, headers={"Accept": "image/avif,image/webp,*/*"})
    assert (answer.status_code, answer.getvalue()) == (200, b"still")
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"] == "private, no-store"


def test_it_names_neither_the_file_nor_the_job(address: str) -> None:
    job = PortraitJob.objects.get()
    assert job.key.hex not in address
    assert "/media/" not in address


def test_after_an_hour_it_has_expired(
    visitor: APIClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = time.time()
    monkeypatch.setattr(time, "time", lambda: started + 49 * 60)
    assert visitor.get(address).status_code == 200
    monkeypatch.setattr(time, "time", lambda: started + 3601)
    assert refused(visitor, address) == (410, "address_expired")


def test_a_forged_one_is_404(visitor: APIClient, address: str, alice: User) -> None:
    photo = PortraitJob.objects.get().photo.name
    other = private_pictures.signed_url("cards/1/own.png")
    token = address.rstrip("/").rpartition("/")[2]
    name, stamp, signature = token.split(":")
    foreign = private_pictures.signed_url(str(photo)).rstrip("/").rpartition("/")[2].split(":")[0]
    for forged in (
        f"{foreign}:{stamp}:{signature}",
        f"{name}:zzzzzz:{signature}",
        name,
        f"{token}x",
        "%00",
        "x:y:z",
    ):
        assert refused(visitor, f"/user/portrait/photo/{forged}/") == (404, "not_found")
    # Signed by mistake, but no still of a job.
    for path in (other, private_pictures.signed_url(str(photo))):
        assert refused(visitor, path) == (404, "not_found")


def test_it_stays_the_same_while_the_student_polls(
    as_alice: APIClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.time() // private_pictures.STEP * private_pictures.STEP
    answers = []
    for seconds in (0, 1, private_pictures.STEP - 1):
        monkeypatch.setattr(time, "time", lambda seconds=seconds: start + seconds)
        answers.append(as_alice.get("/user/portrait/"))
    assert len({answer["ETag"] for answer in answers}) == 1


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_can_only_be_read(visitor: APIClient, address: str, method: str) -> None:
    assert getattr(visitor, method)(address).status_code == 405


@pytest.mark.parametrize("end", ["purged", "deleted", "closed", "lost", "replaced"])
def test_it_ends_with_the_photo_and_with_the_account(
    visitor: APIClient, address: str, alice: User, end: str
) -> None:
    job = claim()
    transitions.fail(job, "no_face", final=True)
    if end == "purged":
        retention.forget_photos(datetime.datetime.max.replace(tzinfo=datetime.UTC))
    elif end == "deleted":
        alice.delete()
    elif end == "closed":
        User.objects.update(is_active=False)
    elif end == "lost":
        media_path(str(job.still.name)).unlink()
    else:
        make_portrait(alice)
    assert refused(visitor, address) == (404, "not_found")


def test_no_answer_to_another_student_has_it(as_alice: APIClient, as_bob: APIClient, address: str) -> None:
    for path in ("/user/portrait/", "/user/portrait/history/", "/user/me/"):
        assert "/portrait/photo/" not in as_bob.get(path).content.decode()
    for path in ("/user/portrait/", "/user/me/"):
        assert "/portrait/photo/" in as_alice.get(path).content.decode()


def test_without_a_photo_the_record_shows_the_empty_frame(as_alice: APIClient, visitor: APIClient) -> None:
    me = as_alice.get("/user/me/").json()
    assert me["photographed"] is False
    frame = visitor.get(me["portrait"])
    assert (frame.status_code, frame["Content-Type"]) == (200, "image/svg+xml")
