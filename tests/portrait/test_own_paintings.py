"""An own painting in the admin and in the catalogue: uploaded, published, offered at once, taken back, deleted."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client
from PIL import Image
from rest_framework.test import APIClient

from portrait import own_styles, painting_services
from portrait.models import OwnPainting, PortraitJob
from portrait.queue import fittings, transitions
from portrait.queue.fittings import Fitted
from tests.admin import admin_client, staff
from tests.portrait import kit
from tests.portrait.pictures import astronaut, encoded
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/portrait/ownpainting/"


def upload(client: Client, slug: str = "night-cafe", data: bytes | None = None) -> Any:
    picture = SimpleUploadedFile("painting.jpg", encoded(astronaut(), "JPEG") if data is None else data)
    form = {"slug": slug, "titles_ko": "밤의 카페", "titles_en": "The Night Café", "upload": picture}
    return client.post(f"{LIST}add/", form, follow=True)


def fitted(slug: str = "night-cafe", painter: str | None = None) -> OwnPainting:
    kit.own_painting(slug)
    painting = transitions.claim_next(OwnPainting, "test")
    assert painting is not None
    made = Fitted(b"style", painter or own_styles.digest(), b"portrait", b"moving", b"standing", {})
    assert fittings.finish(painting, made)
    painting.refresh_from_db()
    return painting


def press(client: Client, painting: OwnPainting, button: str) -> str:
    page: str = client.post(f"{LIST}{painting.pk}/change/", {button: "1"}, follow=True).content.decode()
    painting.refresh_from_db()
    return page


def offered(client: APIClient) -> dict[str, Any]:
    return {style["name"]: style for style in client.get("/user/portrait/options/").json()["styles"]}


def test_an_upload_waits_for_a_worker_as_a_clean_jpeg(admin: Client) -> None:
    page = upload(admin).content.decode()
    painting = OwnPainting.objects.get()
    assert (painting.state, painting.titles["en"]) == ("queued", "The Night Café")
    with Image.open(io.BytesIO(bytes(painting.picture))) as stored:
        assert (stored.format, max(stored.size)) == ("JPEG", 512)
    assert "its style is being fitted" in page
    change = admin.get(f"{LIST}{painting.pk}/change/")
    assert change["Refresh"]
    assert 'name="_publish"' not in change.content.decode()


def test_what_is_no_painting_is_refused_as_a_photo_is(admin: Client) -> None:
    small = encoded(astronaut()[:200, :200], "JPEG")
    for data, told in (
        (b"nothing", "We cannot read this kind of file"),
        (small, "needs at least 256 pixels"),
        (encoded(astronaut(), "JPEG")[:2000], "damaged or incomplete"),
    ):
        assert told in upload(admin, data=data).content.decode()
    assert "There is a style of that name already." in upload(admin, "starry-night").content.decode()
    assert not OwnPainting.objects.exists()


def test_of_two_admins_with_one_name_the_second_is_told(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(admin)
    assert "already exists" in upload(admin).content.decode()

    def too_late(*args: object) -> None:
        raise IntegrityError

    monkeypatch.setattr(painting_services, "add_painting", too_late)
    assert "There is a style of that name already." in upload(admin, "other").content.decode()
    assert OwnPainting.objects.count() == 1


def test_a_published_style_is_offered_at_once_and_no_more_when_it_is_taken_back(
    admin: Client, as_alice: APIClient
) -> None:
    painting = fitted()
    assert "night-cafe" not in offered(as_alice)
    assert as_alice.get(f"/user/portrait/previews/styles/{painting.slug}.webp").status_code == 404

    press(admin, painting, "_publish")
    style = offered(as_alice)["night-cafe"]
    assert style["title"] == "My painting"
    assert as_alice.get(style["preview"]).content == b"moving"
    picture = as_alice.get(style["preview_still"])
    assert (picture.content, picture["Content-Type"]) == (b"standing", "image/jpeg")
    assert LogEntry.objects.get().object_id == str(painting.pk)

    assert "somebody else was faster" in press(admin, painting, "_publish")
    press(admin, painting, "_unpublish")
    assert "night-cafe" not in offered(as_alice)


def test_an_upload_may_name_a_published_style_and_no_other(admin: Client, as_alice: APIClient) -> None:
    painting = fitted()

    def send() -> Any:
        photo = SimpleUploadedFile("me.jpg", encoded(astronaut(), "JPEG"))
        return as_alice.post("/user/main/", {"pic": photo, "style": painting.slug}, format="multipart")

    refused = send()
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_style")
    press(admin, painting, "_publish")
    assert send().status_code == 200
    job = PortraitJob.objects.get()
    assert job.style == painting.slug
    # Accepted is accepted: the style stays until the portrait is made, also when it is taken back.
    press(admin, painting, "_unpublish")
    assert own_styles.packed(job.style) == b"style"
    assert not painting_services.may_delete(painting)
    transitions.cancel(job.student_id)
    assert painting_services.may_delete(painting)


def test_a_published_painting_is_not_deleted(admin: Client) -> None:
    painting = fitted()
    press(admin, painting, "_publish")
    assert admin.post(f"{LIST}{painting.pk}/delete/", {"post": "yes"}).status_code == 403
    press(admin, painting, "_unpublish")
    admin.post(f"{LIST}{painting.pk}/delete/", {"post": "yes"})
    assert not OwnPainting.objects.exists()


def test_a_style_for_other_weights_is_not_offered_until_it_is_fitted_again(
    admin: Client, as_alice: APIClient
) -> None:
    painting = fitted(painter="other weights")
    page = admin.get(f"{LIST}{painting.pk}/change/").content.decode()
    assert "made for other weights" in page and 'name="_publish"' not in page
    assert "somebody else was faster" in press(admin, painting, "_publish")
    OwnPainting.objects.update(published_at=painting.created_at)
    assert "night-cafe" not in offered(as_alice)
    press(admin, painting, "_fit")
    assert (painting.state, painting.attempts) == ("queued", 0)
    assert bytes(painting.style or b"") == b"style"


def test_staff_see_the_pictures_and_only_those_with_the_permission_change_anything(
    viewer: Client, stranger: Client, alice: User
) -> None:
    painting = fitted()
    for field, content in (("picture", b"a painting"), ("portrait", b"portrait"), ("preview", b"moving")):
        address = f"{LIST}{painting.pk}/{field}/"
        assert viewer.get(address).content == content
        assert stranger.get(address).status_code == 404
        assert admin_client(alice).get(address).status_code == 302
    assert viewer.get(f"{LIST}add/").status_code == 403
    assert 'name="_publish"' not in viewer.get(f"{LIST}{painting.pk}/change/").content.decode()
    press(viewer, painting, "_publish")
    assert painting.published_at is None
    helper = admin_client(staff("hagrid", "portrait.view_ownpainting", "portrait.change_ownpainting"))
    press(helper, painting, "_publish")
    assert painting.published_at is not None
