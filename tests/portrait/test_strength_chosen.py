"""How strong the motion is, is the student's choice: from the form to the child that animates."""

from __future__ import annotations

import io
import json

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from PIL import Image
from rest_framework.test import APIClient
from skimage import data

from portrait.models import PortraitJob
from tests.portrait.kit import Workers, claim, enqueue, make_portrait, wait_for
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

AGAIN = "/user/portrait/again/"
STATUS = "/user/portrait/"


def send(client: APIClient, **form: str) -> tuple[int, dict[str, object]]:
    out = io.BytesIO()
    Image.fromarray(data.astronaut()).save(out, "JPEG")
    file = SimpleUploadedFile("me.jpg", out.getvalue(), "image/jpeg")
    answer = client.post("/user/main/", {"pic": file, **form}, format="multipart")
    return answer.status_code, answer.json()


@pytest.mark.parametrize(("sent", "kept"), [("0.5", 0.5), ("1", 1.0), ("1.25", 1.25), ("1.5", 1.5)])
def test_the_upload_may_say_how_strong(as_alice: APIClient, sent: str, kept: float) -> None:
    assert send(as_alice, strength=sent)[0] == 200

    assert PortraitJob.objects.get().strength == kept
    assert as_alice.get(STATUS).json()["strength"] == kept


def test_who_says_nothing_gets_the_schools_strength(as_alice: APIClient) -> None:
    assert as_alice.get(STATUS).json()["strength"] is None
    with override_settings(PORTRAIT={**settings.PORTRAIT, "STRENGTH": 0.75}):
        assert send(as_alice, strength="")[0] == 200
        told = as_alice.get("/user/portrait/options/").json()["strength"]

    assert PortraitJob.objects.get().strength == 0.75
    assert told == {"min": 0.5, "max": 1.5, "default": 0.75}


@pytest.mark.parametrize("strength", ["0.49", "1.51", "-1", "nan", "inf", "strong", "1e0", "١", "1,2"])
def test_another_strength_is_refused_and_nothing_is_kept(as_alice: APIClient, strength: str) -> None:
    status, problem = send(as_alice, strength=strength)

    assert (status, problem["code"]) == (400, "bad_strength")
    assert not PortraitJob.objects.exists()


def test_another_portrait_may_be_stronger(as_alice: APIClient, alice: User) -> None:
    make_portrait(alice)

    assert as_alice.post(AGAIN, {"strength": 1.5}).json()["strength"] == 1.5
    for wrong in (1.6, "nan", "strong"):
        assert as_alice.post(AGAIN, {"strength": wrong}).status_code == 400
    assert PortraitJob.objects.count() == 2


def test_the_strength_reaches_the_child_that_animates(workers: Workers, alice: User) -> None:
    job = enqueue(alice)
    PortraitJob.objects.filter(pk=job.pk).update(strength=1.25)
    workers.start()

    wait_for(lambda: PortraitJob.objects.filter(state=PortraitJob.State.SUCCEEDED).exists(), "the portrait")

    assert [json.loads(line)["strength"] for line in workers.log.read_text().splitlines()] == [1.25]


def test_a_second_attempt_is_as_strong_as_the_first(as_alice: APIClient) -> None:
    send(as_alice, strength="0.6")
    as_alice.post("/user/portrait/cancel/")
    as_alice.post("/user/portrait/retry/")

    assert claim().strength == 0.6
