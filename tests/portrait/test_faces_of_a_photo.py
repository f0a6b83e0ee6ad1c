"""The answer lists the faces of a photo and what will look poor; another face is chosen by its number or by a box."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient

from common.storage import media
from portrait.engine.photo.picture import Picture
from portrait.models import PortraitJob
from portrait.queue import transitions
from tests.portrait.kit import claim
from tests.portrait.pictures import astronaut, encoded, resized
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

UPLOAD, STATUS = "/user/main/", "/user/portrait/"
RETRY, AGAIN = "/user/portrait/retry/", "/user/portrait/again/"


def two_faces() -> Picture:
    """The larger one on the right."""
    small = np.pad(resized(astronaut(), 340, 340)[:, 50:270], ((172, 0), (0, 0), (0, 0)), mode="edge")
    return np.concatenate([small, astronaut()[:, 80:400]], axis=1)


def without_a_face() -> Picture:
    return np.full((400, 300, 3), 128, np.uint8)


def upload(client: APIClient, picture: Picture, **fields: str) -> Any:
    file = SimpleUploadedFile("photo.jpg", encoded(picture, "JPEG", quality=95), "image/jpeg")
    return client.post(UPLOAD, {"pic": file, **fields}, format="multipart")


def stored(name: Any) -> Image.Image:
    return Image.open(io.BytesIO(media().read(str(name))))


def test_the_faces_are_listed_largest_first_in_pixels_of_the_stored_photo(as_alice: APIClient) -> None:
    answer = upload(as_alice, two_faces()).json()
    assert answer["photo"] == {"width": 540, "height": 512, "turned": 0}
    large, small = answer["faces"]
    assert answer["chosen"] == large
    # The face fills a little more than half of the crop.
    assert 1.4 * large["side"] < answer["source_size"] < 1.8 * large["side"]
    assert (large["x"] + large["side"] / 2, large["side"]) == pytest.approx((220 + 146, 101), abs=15)
    assert (small["x"] + small["side"] / 2, small["side"]) == pytest.approx((100, 67), abs=10)
    status = as_alice.get(STATUS).json()
    assert [status[name] for name in ("photo", "faces", "chosen", "source_size", "hints")] == [
        answer[name] for name in ("photo", "faces", "chosen", "source_size", "hints")
    ]


def test_another_face_is_chosen_with_the_upload(as_alice: APIClient) -> None:
    answer = upload(as_alice, two_faces(), face="1").json()
    assert answer["chosen"] == answer["faces"][1]
    assert [hint["code"] for hint in answer["hints"]] == ["face_small"]
    face = PortraitJob.objects.get().face
    assert face is not None and face["height"] == pytest.approx(67, abs=10)


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"face": "2"}, "bad_face"), ({"face": "x"}, "bad_face"), ({"box": "1,2"}, "bad_box")],
)
def test_a_face_or_box_that_is_none_is_refused(
    as_alice: APIClient, fields: dict[str, str], code: str
) -> None:
    answer = upload(as_alice, two_faces(), **fields)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not PortraitJob.objects.exists()


def test_a_photo_on_its_side_is_stored_upright(as_alice: APIClient) -> None:
    answer = upload(as_alice, np.ascontiguousarray(np.rot90(two_faces()))).json()
    assert answer["photo"] == {"width": 540, "height": 512, "turned": 90}
    assert stored(PortraitJob.objects.get().photo.name).size == (540, 512)


def test_after_no_face_a_box_is_enough_and_no_second_upload_is_needed(
    as_alice: APIClient, alice: User
) -> None:
    answer = upload(as_alice, without_a_face(), style="starry-night").json()
    assert [answer[name] for name in ("faces", "chosen", "source_size", "hints")] == [[], None, None, []]
    transitions.fail(claim(), "no_face", final=True)

    status = as_alice.post(RETRY, {"box": "0.25,0.2,0.5"}, format="json").json()

    assert (status["status"], status["style"]) == ("queued", "starry-night")
    assert status["chosen"] == {"x": 75.0, "y": 80.0, "side": 150.0}
    job = claim()
    assert (job.face or {})["detector"] == "hand"
    assert stored(job.still.name).size == (512, 512)


def test_another_portrait_can_be_of_another_face(as_alice: APIClient) -> None:
    upload(as_alice, two_faces())
    status = as_alice.post(AGAIN, {"face": 1}, format="json").json()
    assert status["chosen"] == status["faces"][1]
    first, second = PortraitJob.objects.order_by("id")
    assert second.upload == first.key
    assert (second.face or {})["height"] == status["chosen"]["side"]
    assert stored(second.photo.name).size == (540, 512)


@pytest.mark.parametrize(
    ("field", "value", "code"), [("face", 9, "bad_face"), ("box", "9,9,9999", "bad_box")]
)
@pytest.mark.parametrize("url", [RETRY, AGAIN])
def test_a_wrong_choice_changes_nothing(
    as_alice: APIClient, alice: User, url: str, field: str, value: object, code: str
) -> None:
    upload(as_alice, two_faces())
    transitions.cancel(alice.pk)
    answer = as_alice.post(url, {field: value}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert PortraitJob.objects.get().state == PortraitJob.State.CANCELLED


def test_hints_are_told_in_the_student_s_language(as_alice: APIClient) -> None:
    answer = upload(as_alice, np.asarray(astronaut() * 0.2, np.uint8)).json()
    assert answer["hints"] == [
        {"code": "photo_dark", "message": "The face is dark. A photo with more light looks better."}
    ]
    korean = as_alice.get(STATUS, headers={"Accept-Language": "ko"}).json()["hints"]
    assert korean[0]["message"] == "얼굴이 어두워요. 더 밝은 사진이면 더 잘 나와요."


def test_a_job_from_before_there_were_facts_is_answered_and_takes_another_face(as_alice: APIClient) -> None:
    upload(as_alice, two_faces())
    PortraitJob.objects.update(facts=None)
    status = as_alice.get(STATUS).json()
    assert (status["photo"], status["faces"], status["chosen"], status["hints"]) == (None, [], None, [])
    assert as_alice.post(AGAIN, {"face": 1}, format="json").json()["chosen"]["side"] == pytest.approx(
        67, abs=10
    )
