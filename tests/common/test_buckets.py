"""Signed addresses of objects: those that boto3 makes, the same for days, and valid for some more."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from common import buckets
from common.buckets import LIFETIME, STEP, Bucket, signed_url
from common.storage import URL_SECONDS

AMAZON = Bucket(
    "school", "https://s3.eu-central-1.amazonaws.com", "eu-central-1", "AKID", "top/secret", virtual_host=True
)
OWN = Bucket("school", "http://127.0.0.1:9000/s3", "us-east-1", "AKID", "top/secret", "a/b")
NAME = "portraits/00ff/1-ab~c d+é.webp"


def moment(url: str) -> float:
    text = parse_qs(urlsplit(url).query)["X-Amz-Date"][0]
    return float(time.mktime(time.strptime(text, "%Y%m%dT%H%M%SZ")) - time.timezone)


@pytest.mark.parametrize("bucket", [AMAZON, OWN], ids=["in the host name", "in the path"])
def test_the_signature_is_that_of_boto3(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    url = signed_url(bucket, NAME)
    plain, _, query = url.partition("?")

    class Signer(S3SigV4QueryAuth):
        def _modify_request_before_signing(self, request: Any) -> None:
            request.context["timestamp"] = parse_qs(query)["X-Amz-Date"][0]
            super()._modify_request_before_signing(request)

    request = AWSRequest("GET", plain)
    Signer(Credentials(bucket.key_id, bucket.secret), "s3", bucket.region, expires=LIFETIME).add_auth(request)
    assert parse_qs(urlsplit(request.url).query) == parse_qs(query)


def test_the_bucket_is_in_the_host_name_or_in_the_path() -> None:
    assert signed_url(AMAZON, "crests/a.webp").startswith(
        "https://school.s3.eu-central-1.amazonaws.com/crests/a.webp?"
    )
    assert signed_url(OWN, "crests/a.webp").startswith("http://127.0.0.1:9000/s3/school/a/b/crests/a.webp?")


def test_a_port_that_goes_without_saying_is_not_signed() -> None:
    assert Bucket("school", "https://files.example:443", "x", "id", "key").host == "files.example"


def test_it_stays_the_same_for_days_and_is_renewed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    seen: list[str] = []
    for _ in range(240):
        url = signed_url(AMAZON, NAME)
        # Never from the future, and never with less time left than what is promised to those who keep it.
        assert 0 <= now - moment(url) <= LIFETIME - URL_SECONDS
        if url not in seen:
            seen.append(url)
        now += 3600
    assert len(seen) in (240 * 3600 // STEP, 240 * 3600 // STEP + 1)


def test_the_pictures_are_not_renewed_all_at_once() -> None:
    begins = {moment(signed_url(AMAZON, f"portraits/{number}/1.webp")) for number in range(50)}
    assert len(begins) > 40


def test_the_secret_is_in_no_representation() -> None:
    assert AMAZON.secret not in repr(AMAZON)
    assert AMAZON.secret not in signed_url(AMAZON, NAME)


def test_the_key_of_a_day_is_derived_once() -> None:
    buckets._signing_key.cache_clear()
    for _ in range(3):
        signed_url(AMAZON, NAME)
    assert buckets._signing_key.cache_info().misses == 1
