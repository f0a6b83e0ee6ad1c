"""Photos and portraits on S3: uploads, addresses, the admin and the end of an account, without a folder here."""

from __future__ import annotations

import urllib.request

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from common.storage import Storage
from portrait.models import PortraitJob
from portrait.queue import transitions
from tests.conftest import PASSWORD
from tests.portrait import kit
from tests.portrait.pictures import astronaut, encoded
from tests.tcp_proxy import Proxy
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def upload(client: APIClient) -> tuple[int, str]:
    file = SimpleUploadedFile("me.jpg", encoded(astronaut(), "JPEG"), "image/jpeg")
    answer = client.post("/user/main/", {"pic": file}, format="multipart")
    return answer.status_code, answer.json().get("code", "")


def test_a_photo_is_stored_and_shown_to_its_student_by_this_service_alone(
    s3: Storage, as_alice: APIClient, alice: User, visitor: APIClient
) -> None:
    assert upload(as_alice) == (200, "")
    kit.assert_no_orphans()
    status = as_alice.get("/user/portrait/").json()
    address = status["files"]["still"]
    assert address == status["portrait"]
    assert address.startswith("http://testserver/user/portrait/photo/")
    answer = visitor.get(address)
    still = s3.read(str(PortraitJob.objects.get().still.name))
    assert answer.getvalue() == still
    assert answer["Cache-Control"] == "private, no-store"
    part = visitor.get(address, headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.getvalue()) == (206, still[2:6])
    # What others see of alice has no signed address of the photo.
    alice.refresh_from_db()
    assert "X-Amz" not in alice.picture


def test_a_finished_portrait_has_addresses_that_an_image_element_can_load(
    s3: Storage, as_alice: APIClient, alice: User
) -> None:
    job = kit.make_portrait(alice)
    status = as_alice.get("/user/portrait/").json()
    for name in ("webp", "avif", "gif", "mp4", "poster", "tile"):
        with urllib.request.urlopen(status["files"][name]) as answer:
            assert answer.read() == name.encode()
    assert status["portrait"] == status["files"]["webp"]
    # Polling clients keep their ETag: the addresses are the same.
    etag = as_alice.get("/user/portrait/")["ETag"]
    assert as_alice.get("/user/portrait/", headers={"If-None-Match": etag}).status_code == 304
    kit.assert_no_orphans()
    assert job.file_names == kit.files_on_disk()


def test_staff_see_photo_and_portrait_in_the_admin(s3: Storage, alice: User, admin: Client) -> None:
    job = kit.make_portrait(alice)
    page = admin.get(f"/admin/portrait/portraitjob/{job.pk}/change/").content.decode()
    assert "X-Amz-Signature" in page and "/photos/" not in page
    photo = admin.get(f"/admin/portrait/portraitjob/{job.pk}/photo/")
    assert (photo.status_code, photo.content) == (200, b"photo")


def test_a_deleted_account_leaves_no_object(s3: Storage, as_alice: APIClient, alice: User, bob: User) -> None:
    kit.make_portrait(alice)
    kit.enqueue(alice)
    kept = kit.make_portrait(bob)
    assert as_alice.delete("/user/me/", {"password": PASSWORD}).status_code == 200
    assert kit.files_on_disk() == kept.file_names


@pytest.mark.parametrize("fault", ["cut", "busy"])
def test_while_s3_is_away_nothing_is_accepted_and_nothing_lost(
    s3: Storage,
    s3_line: Proxy,
    as_alice: APIClient,
    alice: User,
    visitor: APIClient,
    admin: Client,
    fault: str,
) -> None:
    made = kit.make_portrait(alice)
    kit.enqueue(alice)
    transitions.cancel(alice.pk)
    job = PortraitJob.objects.latest("pk")
    PortraitJob.objects.filter(pk=made.pk).update(still="")
    address = as_alice.get("/user/portrait/").json()["files"]["still"]
    before = kit.files_on_disk()
    s3_line.fail(fault)

    assert upload(as_alice) == (503, "storage_unavailable")
    for answer in (as_alice.post("/user/portrait/retry/"), visitor.get(address)):
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert answer["Retry-After"]
    assert admin.get(f"/admin/portrait/portraitjob/{job.pk}/photo/").status_code == 503
    # What needs the database alone goes on.
    assert as_alice.get("/user/portrait/").status_code == 200
    assert admin.get("/admin/portrait/portraitjob/").status_code == 200

    s3_line.fail("")
    assert (PortraitJob.objects.count(), kit.files_on_disk()) == (2, before)
    assert upload(as_alice) == (200, "")
    assert PortraitJob.objects.count() == 3


def test_an_account_can_be_deleted_while_s3_is_away_and_its_objects_are_orphans(
    s3: Storage, s3_line: Proxy, as_alice: APIClient, alice: User
) -> None:
    names = kit.make_portrait(alice).file_names
    s3_line.fail("cut")
    assert as_alice.delete("/user/me/", {"password": PASSWORD}).status_code == 200
    assert not User.objects.filter(username="alice").exists()
    s3_line.fail("")
    assert kit.files_on_disk() == names
