"""``DELETE /user/me/``: the account is deleted with all its data."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from lounge.models import Entry
from portrait.models import PortraitJob
from portrait.queue import transitions
from tests.conftest import PASSWORD, client_of
from tests.portrait import kit
from tests.portrait.pictures import astronaut, encoded
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def delete(client: APIClient, password: str = PASSWORD) -> int:
    return client.delete("/user/me/", {"password": password}).status_code


def test_everything_of_alice_goes_and_everything_of_bob_stays(alice: User, bob: User) -> None:
    for owner in (alice, bob):
        kit.make_portrait(owner)
        kit.make_portrait(owner)
        Entry.objects.create(author=owner, content=f"{owner.username} was here")
        tokens = APIClient().post("/user/api/token/", {"username": owner.username, "password": PASSWORD})
        APIClient().post("/user/api/token/refresh/", {"refresh": tokens.json()["refresh"]})
    assert BlacklistedToken.objects.count() == 2

    assert delete(client_of(alice)) == 200

    assert list(User.objects.values_list("username", flat=True)) == ["bob"]
    assert set(PortraitJob.objects.values_list("student", flat=True)) == {bob.pk}
    assert list(Entry.objects.values_list("author", flat=True)) == [bob.pk]
    assert set(OutstandingToken.objects.values_list("user", flat=True)) == {bob.pk}
    assert BlacklistedToken.objects.count() == 1
    kit.assert_no_orphans()
    assert kit.files_on_disk()


def test_the_token_and_the_name_are_free_again(alice: User) -> None:
    client = client_of(alice)
    assert delete(client) == 200
    assert client.get("/user/me/").status_code == 401
    form = {"username": "alice", "fullname": "Another Alice", "password": PASSWORD}
    assert APIClient().post("/user/", form).status_code == 200


@pytest.mark.parametrize("password", ["", "a-wrong-password"])
def test_without_the_password_nothing_is_deleted(alice: User, password: str) -> None:
    assert delete(client_of(alice), password) == 400
    assert User.objects.filter(pk=alice.pk).exists()


def test_without_a_body_nothing_is_deleted(as_alice: APIClient, alice: User) -> None:
    assert as_alice.delete("/user/me/").status_code == 400
    assert User.objects.filter(pk=alice.pk).exists()


@pytest.mark.parametrize("field", ["is_staff", "is_superuser"])
def test_staff_cannot_delete_themselves_over_the_api(alice: User, field: str) -> None:
    User.objects.filter(pk=alice.pk).update(**{field: True})
    response = client_of(alice).delete("/user/me/", {"password": PASSWORD})
    assert (response.status_code, response.json()["code"]) == (403, "staff_account")
    assert User.objects.filter(pk=alice.pk).exists()


def test_a_result_that_comes_too_late_leaves_no_file(alice: User) -> None:
    kit.enqueue(alice)
    job = kit.claim()
    results = kit.write_results(job)

    assert delete(client_of(alice)) == 200

    assert not transitions.renew(job)
    assert not transitions.finish(job, results)
    # The worker removes what it wrote for a job that is no longer its own.
    assert kit.files_on_disk() == set(results.names.values())


def test_an_upload_after_the_end_is_401_and_leaves_no_file(alice: User, media: Path) -> None:
    client = client_of(alice)
    assert delete(client) == 200
    picture = SimpleUploadedFile("me.jpg", encoded(astronaut(), "JPEG"))
    assert client.post("/user/main/", {"pic": picture}, format="multipart").status_code == 401
    assert kit.files_on_disk() == set()
