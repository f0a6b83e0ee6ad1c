"""How large the portrait is, is the student's choice: from the form to the child that paints it."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from rest_framework.test import APIClient

from portrait.engine.request import DEFAULT_SIZE, SIZES
from portrait.models import PortraitJob
from tests.portrait.kit import Workers, claim, enqueue, make_portrait, wait_for
from tests.portrait.pictures import astronaut, encoded
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

AGAIN = "/user/portrait/again/"
STATUS = "/user/portrait/"


def send(client: APIClient, **form: str) -> tuple[int, dict[str, object]]:
    file = SimpleUploadedFile("me.jpg", encoded(astronaut(), "JPEG"), "image/jpeg")
    answer = client.post("/user/main/", {"pic": file, **form}, format="multipart")
    return answer.status_code, answer.json()


@pytest.mark.parametrize("size", SIZES)
def test_the_upload_may_say_how_large(as_alice: APIClient, size: int) -> None:
    assert send(as_alice, size=str(size))[0] == 200

    assert PortraitJob.objects.get().size == size
    assert as_alice.get(STATUS).json()["size"] == size


def test_who_says_nothing_gets_the_schools_size(as_alice: APIClient) -> None:
    assert as_alice.get(STATUS).json()["size"] is None
    assert settings.PORTRAIT["SIZE"] == DEFAULT_SIZE
    with override_settings(PORTRAIT={**settings.PORTRAIT, "SIZE": 640}):
        assert send(as_alice, size="")[0] == 200
        told = as_alice.get("/user/portrait/options/").json()["size"]

    assert PortraitJob.objects.get().size == 640
    assert told == {"choices": list(SIZES), "default": 640}


@pytest.mark.parametrize("size", ["0", "255", "300", "1024", "-256", "512.0", "5e2", "large", "٥١٢", "nan"])
def test_another_size_is_refused_and_nothing_is_kept(as_alice: APIClient, size: str, alice: User) -> None:
    status, problem = send(as_alice, size=size)

    assert (status, problem["code"]) == (400, "bad_size")
    assert not PortraitJob.objects.exists()


def test_another_portrait_may_be_larger(as_alice: APIClient, alice: User) -> None:
    make_portrait(alice)

    assert as_alice.post(AGAIN, {"size": 768}).json()["size"] == 768
    refused = as_alice.post(AGAIN, {"size": 300})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_size")
    assert as_alice.post(AGAIN, {"size": "large"}).status_code == 400
    assert PortraitJob.objects.count() == 2


def test_the_size_reaches_the_child_that_paints(workers: Workers, alice: User) -> None:
    job = enqueue(alice)
    PortraitJob.objects.filter(pk=job.pk).update(size=384)
    workers.start()

    wait_for(lambda: PortraitJob.objects.filter(state=PortraitJob.State.SUCCEEDED).exists(), "the portrait")

    assert [json.loads(line)["size"] for line in workers.log.read_text().splitlines()] == [384]


def test_a_second_attempt_is_as_large_as_the_first(as_alice: APIClient) -> None:
    send(as_alice, size="384")
    as_alice.post("/user/portrait/cancel/")
    as_alice.post("/user/portrait/retry/")

    assert claim().size == 384
