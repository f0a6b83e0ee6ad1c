"""``POST /user/main/``."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient
from skimage import data

from portrait import files
from portrait.engine.photo.decoding import MAX_BYTES
from portrait.models import PortraitJob
from portrait.queue import transitions
from tests.portrait.kit import assert_no_orphans, files_on_disk
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

State = PortraitJob.State


def jpeg(picture: np.ndarray, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def photo() -> bytes:
    return jpeg(data.astronaut())


def pic(content: bytes, name: str = "me.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "image/jpeg")


def test_a_photo_is_accepted_at_once_and_waits_in_the_queue(
    as_alice: APIClient, alice: User, photo: bytes
) -> None:
    answer = as_alice.post("/user/main/", {"pic": pic(photo)}, format="multipart")

    job = PortraitJob.objects.get()
    assert answer.status_code == 200
    assert (answer.json()["msg"], answer.json()["job"]) == ("send", job.pk)
    assert (job.student, job.state, job.order) == (alice, State.QUEUED, "paint-and-carry")
    assert_no_orphans()


def test_the_record_shows_a_square_with_the_face_meanwhile(
    as_alice: APIClient, alice: User, photo: bytes, media: Path
) -> None:
    as_alice.post("/user/main/", {"pic": pic(photo)}, format="multipart")

    alice.refresh_from_db()
    with Image.open(media / str(alice.still.name)) as still:
        assert still.format == "JPEG"
        assert still.width == still.height
        shown = np.asarray(still.convert("RGB"), dtype=float)
    # The astronaut's face lies around (223, 112) of 512; the middle of the photo is orange cloth.
    face = np.asarray(Image.fromarray(data.astronaut()[22:212, 128:318]).resize(shown.shape[:2]), dtype=float)
    centre = np.asarray(Image.fromarray(data.astronaut()).resize(shown.shape[:2]), dtype=float)
    assert np.abs(shown - face).mean() < np.abs(shown - centre).mean()


def test_without_a_face_the_still_is_the_middle_and_nothing_is_squashed(
    as_alice: APIClient, alice: User, media: Path
) -> None:
    picture = np.full((200, 300, 3), 255, np.uint8)
    picture[:, 50:250] = (0, 0, 255)

    answer = as_alice.post("/user/main/", {"pic": pic(jpeg(picture))}, format="multipart")

    assert answer.status_code == 200
    alice.refresh_from_db()
    with Image.open(media / str(alice.still.name)) as still:
        colours = np.asarray(still.convert("RGB"), dtype=int)
    # A little off the border, where the compression mixes the colours.
    assert np.abs(colours[10:-10, 10:-10] - (0, 0, 255)).max() < 30, "only the middle is blue all over"


def test_neither_the_clients_bytes_nor_its_file_name_are_stored(
    as_alice: APIClient, photo: bytes, media: Path
) -> None:
    camera = Image.Exif()
    camera[0x010F] = "a camera that tells where I live"
    content = jpeg(data.astronaut(), exif=camera.tobytes())
    assert b"where I live" in content

    as_alice.post("/user/main/", {"pic": pic(content, "../../ME & my secret.jpg")}, format="multipart")

    assert len(files_on_disk()) == 2
    for name in files_on_disk():
        assert "secret" not in name
        assert b"where I live" not in (media / name).read_bytes()


def test_neither_the_photo_nor_the_still_is_public(as_alice: APIClient, alice: User, photo: bytes) -> None:
    as_alice.post("/user/main/", {"pic": pic(photo)}, format="multipart")

    assert len(files_on_disk()) == 2
    for name in files_on_disk():
        assert as_alice.get(f"/media/{name}").status_code == 404


def test_a_new_photo_cancels_the_job_before(as_alice: APIClient, alice: User, photo: bytes) -> None:
    for _ in range(2):
        as_alice.post("/user/main/", {"pic": pic(photo)}, format="multipart")

    old, new = PortraitJob.objects.order_by("id")
    alice.refresh_from_db()
    assert (old.state, new.state) == (State.CANCELLED, State.QUEUED)
    assert alice.still.name == new.still.name
    assert_no_orphans()


def test_style_motion_order_and_seed_may_be_chosen(as_alice: APIClient, photo: bytes) -> None:
    options = as_alice.get("/user/portrait/options/").json()
    style, motion = options["styles"][-1]["name"], options["motions"][-1]["name"]

    answer = as_alice.post(
        "/user/main/",
        {"pic": pic(photo), "style": style, "motion": motion, "order": "paint-then-animate", "seed": "42"},
        format="multipart",
    )

    assert answer.status_code == 200
    job = PortraitJob.objects.get()
    assert (job.style, job.motion, job.order, job.seed) == (style, motion, "paint-then-animate", 42)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("style", "crayon", "unknown_style"),
        ("motion", "somersault", "unknown_motion"),
        ("order", "paint-only", "unknown_order"),
        ("seed", "-1", "bad_seed"),
        ("seed", "2147483648", "bad_seed"),
        ("seed", "٤٢", "bad_seed"),
        ("seed", "one", "bad_seed"),
    ],
)
def test_an_unknown_choice_is_refused(
    as_alice: APIClient, photo: bytes, field: str, value: str, code: str
) -> None:
    answer = as_alice.post("/user/main/", {"pic": pic(photo), field: value}, format="multipart")

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not PortraitJob.objects.exists()
    assert files_on_disk() == set()


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "shift-jis", "utf-16-le"])
def test_a_photo_arrives_in_whichever_encoding_its_name_is(
    as_alice: APIClient, photo: bytes, encoding: str
) -> None:
    name = "写真.jpg" if encoding == "shift-jis" else "내사진.jpg"
    body = b'--x\r\nContent-Disposition: form-data; name="pic"; filename="' + name.encode(encoding)
    body += b'"\r\nContent-Type: image/jpeg\r\n\r\n' + photo + b"\r\n--x--\r\n"
    answer = as_alice.post("/user/main/", body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 200
    assert PortraitJob.objects.count() == 1


@pytest.mark.parametrize("sent", [b"GIF89a, or so it says", b""])
def test_all_faults_of_a_form_are_in_one_answer(as_alice: APIClient, sent: bytes) -> None:
    form = {"pic": pic(sent), "style": "crayon", "seed": "one", "size": "1", "face": "x", "strength": "9"}
    answer = as_alice.post("/user/main/", form, format="multipart")
    assert answer.status_code == 400
    found = {error["field"]: error["code"] for error in answer.json()["errors"]}
    assert found.pop("pic").startswith("photo_")
    wrong = (
        ("style", "unknown_style"),
        ("seed", "bad_seed"),
        ("size", "bad_size"),
        ("strength", "bad_strength"),
    )
    assert found == {**dict(wrong), "face": "bad_face"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"", "photo_empty", id="empty"),
        pytest.param(b"GIF89a, or so it says", "photo_unsupported_format", id="other format"),
        pytest.param(jpeg(data.astronaut())[:5000], "photo_unreadable", id="cut short"),
        pytest.param(jpeg(np.zeros((20, 20, 3), np.uint8)), "photo_too_small", id="tiny"),
        pytest.param(jpeg(np.zeros((64, 600, 3), np.uint8)), "photo_too_elongated", id="a strip"),
        pytest.param(b"\xff\xd8\xff" + bytes(MAX_BYTES), "photo_too_large", id="large"),
        pytest.param(b"\xff\xd8\xff" + bytes(MAX_BYTES + 2**20), "photo_too_large", id="very large"),
    ],
)
def test_a_bad_picture_is_refused_with_a_code(as_alice: APIClient, content: bytes, code: str) -> None:
    answer = as_alice.post("/user/main/", {"pic": pic(content)}, format="multipart")

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not PortraitJob.objects.exists()
    assert files_on_disk() == set()


def test_a_refusal_is_explained_in_the_readers_language(as_alice: APIClient) -> None:
    english = as_alice.post("/user/main/", {"pic": pic(b"x" * 99)}, format="multipart").json()["detail"]
    korean = as_alice.post(
        "/user/main/", {"pic": pic(b"x" * 99)}, format="multipart", headers={"Accept-Language": "ko"}
    ).json()["detail"]

    assert "JPEG" in english
    assert any("가" <= letter <= "힣" for letter in korean)


def test_a_form_without_the_photo_is_refused(as_alice: APIClient, photo: bytes) -> None:
    for form in ({}, {"pic": "text"}, {"photo": pic(photo)}):
        answer = as_alice.post("/user/main/", form, format="multipart")
        assert (answer.status_code, answer.json()["code"]) == (400, "photo_required")


def test_several_photos_are_refused(as_alice: APIClient, photo: bytes) -> None:
    for form in ({"pic": [pic(photo), pic(photo)]}, {"pic": pic(photo), "other": pic(photo)}):
        answer = as_alice.post("/user/main/", form, format="multipart")
        assert (answer.status_code, answer.json()["code"]) == (400, "one_photo_only")


def test_another_content_type_is_refused(as_alice: APIClient, photo: bytes) -> None:
    for body, kind in ((b'{"pic": 1}', "application/json"), (photo, "image/jpeg")):
        answer = as_alice.post("/user/main/", body, content_type=kind)
        assert (answer.status_code, answer.json()["code"]) == (400, "multipart_required")


def test_a_malformed_form_is_refused(as_alice: APIClient) -> None:
    answer = as_alice.post("/user/main/", b"--x\r\nnonsense", content_type="multipart/form-data")
    assert answer.status_code == 400


def test_a_visitor_is_turned_away(visitor: APIClient, photo: bytes, db: None) -> None:
    assert visitor.post("/user/main/", {"pic": pic(photo)}, format="multipart").status_code == 401
    assert files_on_disk() == set()


@pytest.mark.parametrize("name", ["photo_name", "still_name"])
def test_when_the_disk_cannot_be_written_nothing_is_accepted(
    as_alice: APIClient, alice: User, photo: bytes, media: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (media / "blocked").write_text("a file in the place of a folder")
    monkeypatch.setattr(files, name, lambda key: f"blocked/{key.hex}.jpg")

    answer = as_alice.post("/user/main/", {"pic": pic(photo)}, format="multipart")

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert not PortraitJob.objects.exists()
    assert files_on_disk() == {"blocked"}
    alice.refresh_from_db()
    assert not alice.still


def test_a_photo_survives_the_way_through_the_queue(as_alice: APIClient, photo: bytes, media: Path) -> None:
    as_alice.post("/user/main/", {"pic": pic(photo)}, format="multipart")

    job = transitions.claim("test")

    assert job is not None
    with Image.open(media / str(job.photo.name)) as stored:
        difference = np.abs(np.asarray(stored, dtype=float) - data.astronaut())
    assert difference.mean() < 5
