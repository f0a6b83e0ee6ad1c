"""A motion that a student performs: the clip in, a private motion out, the clip gone at once."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from portrait import errand_services
from portrait.models import Errand, PortraitJob
from portrait.queue import errands
from portrait.queue.transitions import claim_next
from tests.portrait.kit import Workers, make_portrait, nothing_active, wait_for
from tests.portrait.test_own_previews import finished
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/user/portrait/perform/"
WEBM = b"\x1aE\xdf\xa3 a film"


def send(client: APIClient, data: bytes = WEBM, name: str = "clip") -> tuple[int, dict[str, object]]:
    response = client.post(URL, {name: SimpleUploadedFile("me.webm", data)}, format="multipart")
    return response.status_code, response.json()


def perform(client: APIClient) -> None:
    send(client)
    errand = claim_next(Errand, "test")
    assert errand is not None
    assert errands.finish(errand, b"a motion template")


def test_the_clip_is_gone_as_soon_as_the_motion_is_there(
    workers: Workers, as_alice: APIClient, alice: User
) -> None:
    assert send(as_alice) == (200, {"status": "queued", "poll_after": 1, "error": None, "ready": False})
    assert bytes(Errand.objects.get().clip or b"") == WEBM
    workers.start()
    wait_for(finished, "the motion")
    assert Errand.objects.get().clip is None
    assert as_alice.get(URL).json() == {
        "status": "succeeded",
        "poll_after": None,
        "error": None,
        "ready": True,
    }


def test_the_clip_is_gone_also_where_no_motion_can_be_made_of_it(
    workers: Workers, as_alice: APIClient
) -> None:
    send(as_alice)
    Errand.objects.update(clip=b"no-face")
    workers.start()
    wait_for(finished, "the end")
    errand = Errand.objects.get()
    assert (errand.state, errand.error_code, errand.attempts, errand.clip) == ("failed", "no_face", 1, None)


def test_a_portrait_is_made_with_the_motion(workers: Workers, as_alice: APIClient, alice: User) -> None:
    make_portrait(alice)
    perform(as_alice)
    asked = as_alice.post("/user/portrait/again/", {"motion": "performed"})
    assert (asked.status_code, asked.json()["motion"]) == (200, "performed")
    workers.start()
    wait_for(nothing_active, "the portrait")
    assert [json.loads(line)["own_motion"] for line in workers.log.read_text().splitlines()] == [
        "a motion template"
    ]


def test_who_has_performed_nothing_cannot_choose_it(
    as_alice: APIClient, as_bob: APIClient, alice: User, bob: User
) -> None:
    make_portrait(alice)
    make_portrait(bob)
    perform(as_alice)
    response = as_bob.post("/user/portrait/again/", {"motion": "performed"})
    assert (response.status_code, response.json()["code"]) == (400, "unknown_motion")
    assert PortraitJob.objects.filter(student=bob).count() == 1


def test_the_motion_before_stays_until_the_next_is_there(as_alice: APIClient) -> None:
    perform(as_alice)
    assert send(as_alice)[1]["ready"] is True
    first = claim_next(Errand, "slow")
    send(as_alice)  # while the first clip is read
    assert first is not None and not errands.finish(first, b"too late")


def test_it_can_be_forgotten(as_alice: APIClient, alice: User) -> None:
    make_portrait(alice)
    perform(as_alice)
    nothing = {"status": "none", "poll_after": None, "error": None, "ready": False}
    assert as_alice.delete(URL).json() == nothing
    assert as_alice.get(URL).json() == nothing
    assert as_alice.post("/user/portrait/again/", {"motion": "performed"}).status_code == 400


def test_the_catalogue_does_not_offer_it(as_alice: APIClient) -> None:
    perform(as_alice)
    options = as_alice.get("/user/portrait/options/").json()
    assert "performed" not in {motion["name"] for motion in options["motions"]}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd", "clip_unsupported"),
        (b"", "clip_unsupported"),
        (b"RIFF....AVI ", "clip_unsupported"),
    ],
)
def test_what_is_no_film_of_a_camera_is_refused(as_alice: APIClient, data: bytes, code: str) -> None:
    status, problem = send(as_alice, data)
    assert (status, problem["code"]) == (400, code)
    assert not Errand.objects.exists()


def test_one_film_that_is_not_too_large_is_asked_for(
    as_alice: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(as_alice, name="pic")[1]["code"] == "clip_required"
    assert as_alice.post(URL, {}, format="multipart").json()["code"] == "clip_required"
    assert as_alice.post(URL, {}, format="json").json()["code"] == "clip_required"
    monkeypatch.setattr(errand_services, "MAX_CLIP_BYTES", 5)
    assert send(as_alice)[1]["code"] == "clip_too_large"


def test_it_is_for_students_only(visitor: APIClient) -> None:
    assert visitor.post(URL, {}, format="multipart").status_code == 401
