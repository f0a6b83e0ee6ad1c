"""The lounge of a school whose portraits are on S3: no request to the storage, and addresses that are valid."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from rest_framework.test import APIClient

from common import buckets
from common.storage import URL_SECONDS, Storage
from lounge import board
from tests.lounge.kit import crowd, write
from tests.tcp_proxy import Proxy
from user.models import User

pytestmark = pytest.mark.django_db


def test_the_lounge_asks_the_storage_for_nothing(
    s3: Storage, s3_line: Proxy, as_alice: APIClient, alice: User
) -> None:
    for author in crowd(1, 30):
        write(author)
    s3_line.fail("cut")
    before = s3_line.connections
    page = as_alice.get("/lounge/").json()
    assert len(page["board"]) == 30
    assert all("X-Amz-Signature" in entry["icon"] for entry in page["board"])
    for path in ("/lounge/board/", "/lounge/stats/", "/dorm/myroom/"):
        assert as_alice.get(path).status_code == 200
    assert s3_line.connections == before


def test_the_boards_text_is_written_again_before_its_addresses_expire(
    s3: Storage, as_alice: APIClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(alice)
    now, clock = time.time(), time.monotonic()
    passed = 0.0
    monkeypatch.setattr(time, "time", lambda: now + passed)
    monkeypatch.setattr(time, "monotonic", lambda: clock + passed)
    seen = set()
    for _ in range(40):
        icon = as_alice.get("/lounge/").json()["board"][0]["icon"]
        seen.add(icon)
        signed = parse_qs(urlsplit(icon).query)["X-Amz-Date"][0]
        begin = time.mktime(time.strptime(signed, "%Y%m%dT%H%M%SZ")) - time.timezone
        assert begin + buckets.LIFETIME - time.time() > URL_SECONDS
        passed += board.KEPT * 5
        # The token of the client lasts half an hour.
        as_alice.force_authenticate(alice)
    assert len(seen) > 1
