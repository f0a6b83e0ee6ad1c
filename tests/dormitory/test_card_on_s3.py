"""The student card with its files on S3: drawn once, served by this service, never by an address of the bucket."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from common.storage import Storage
from dormitory.card import store
from dormitory.models import House
from tests.dormitory.conftest import sort
from tests.portrait.kit import files_on_disk
from tests.portrait.pictures import astronaut, encoded
from tests.tcp_proxy import Proxy
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/dorm/card/image/"


def cards() -> set[str]:
    return {name for name in files_on_disk() if name.startswith(f"{store.FOLDER}/")}


def test_own_and_shared_cards_come_from_the_bucket_through_this_service(
    s3: Storage, s3_line: Proxy, as_alice: APIClient, alice: User, houses: None, client: Client
) -> None:
    house = House.objects.get(pk=4)
    house.crest.save("crest.png", ContentFile(encoded(astronaut(), "PNG")))
    sort(alice, 4)
    first = as_alice.get(URL, {"format": "mp4"})
    assert first.status_code == 200
    drawn = cards()
    again = as_alice.get(URL, {"format": "mp4"})
    assert again.getvalue() == first.getvalue()
    assert cards() == drawn
    # Safari plays no video of which it cannot have parts.
    part = as_alice.get(URL, {"format": "mp4"}, headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.getvalue()) == (206, b"ftyp")
    etag = first["ETag"]
    assert as_alice.get(URL, {"format": "mp4"}, headers={"If-None-Match": etag}).status_code == 304

    page = str(as_alice.post("/dorm/card/share/").json()["url"]).removeprefix("http://testserver")
    assert "X-Amz" not in client.get(page).content.decode()
    assert client.get(f"{page}image.png").status_code == 200

    s3_line.fail("cut")
    answer = as_alice.get(URL, {"format": "mp4"})
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    # The shared page itself needs no file.
    assert client.get(page).status_code == 200
    assert client.get(f"{page}image.png").status_code == 503
    assert as_alice.get("/dorm/myroom/").status_code == 200
    s3_line.fail("")

    as_alice.delete("/dorm/card/share/")
    assert cards() == drawn


def test_the_cards_of_an_account_that_was_deleted_while_s3_was_away_go_later(
    s3: Storage, s3_line: Proxy, alice: User, bob: User
) -> None:
    for student in (alice, bob):
        s3.write(f"{store.FOLDER}/{student.pk}/own-00ff.png", b"a name and a birthday")
    gone = alice.pk
    s3_line.fail("cut")
    alice.delete()
    s3_line.fail("")
    assert f"{store.FOLDER}/{gone}/own-00ff.png" in cards()
    call_command("purge", verbosity=0)
    assert cards() == {f"{store.FOLDER}/{bob.pk}/own-00ff.png"}
