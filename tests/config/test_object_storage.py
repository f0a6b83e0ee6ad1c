"""The settings of ``MEDIA_STORAGE=s3``: what is missing or wrong stops the start with one line."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config.object_storage import VARIABLES, bucket, web_address
from tests.config.kit import check

AMAZON = {
    "AWS_STORAGE_BUCKET_NAME": "school-portraits",
    "AWS_S3_REGION_NAME": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "top-secret",
}


@pytest.fixture(autouse=True)
def amazon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "MEDIA_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in AMAZON.items():
        monkeypatch.setenv(name, value)


def test_amazon_needs_a_bucket_a_region_and_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bucket().origin == "https://school-portraits.s3.eu-central-1.amazonaws.com"
    monkeypatch.setenv("AWS_STORAGE_BUCKET_NAME", "school.example")
    assert bucket().origin == "https://s3.eu-central-1.amazonaws.com"


def test_another_server_needs_no_region_and_has_the_bucket_in_the_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_S3_REGION_NAME")
    monkeypatch.setenv("AWS_S3_ENDPOINT_URL", "http://127.0.0.1:9000/")
    monkeypatch.setenv("AWS_LOCATION", "school/media")
    assert bucket().path("crests/a.webp") == "/school-portraits/school/media/crests/a.webp"
    monkeypatch.setenv("AWS_S3_ADDRESSING_STYLE", "virtual")
    assert bucket().origin == "http://school-portraits.127.0.0.1:9000"


@pytest.mark.parametrize("name", AMAZON)
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, " ")
    with pytest.raises(ImproperlyConfigured, match=f"MEDIA_STORAGE=s3: {name}.* is missing"):
        bucket()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_STORAGE_BUCKET_NAME", "School"),
        ("AWS_STORAGE_BUCKET_NAME", "s3://school"),
        ("AWS_S3_REGION_NAME", "eu central"),
        ("AWS_S3_ENDPOINT_URL", "files.example"),
        ("AWS_S3_ENDPOINT_URL", "https://files.example:port"),
        ("AWS_S3_ENDPOINT_URL", "https://id:key@files.example"),
        ("AWS_LOCATION", "/school"),
        ("AWS_LOCATION", "school/../other"),
        ("AWS_S3_ADDRESSING_STYLE", "host"),
    ],
)
def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=f"{name}="):
        bucket()


def test_an_address_of_the_public_files_ends_where_their_names_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    assert web_address("MEDIA_PUBLIC_URL") == ""
    monkeypatch.setenv("MEDIA_PUBLIC_URL", "https://cdn.example/school/")
    assert web_address("MEDIA_PUBLIC_URL") == "https://cdn.example/school"
    for wrong in ("cdn.example", "https://cdn.example/?x=1", "https://cdn.example; script-src *"):
        monkeypatch.setenv("MEDIA_PUBLIC_URL", wrong)
        with pytest.raises(ImproperlyConfigured, match="MEDIA_PUBLIC_URL="):
            web_address("MEDIA_PUBLIC_URL")


def test_the_start_stops_with_one_line() -> None:
    process = check(MEDIA_STORAGE="s3", AWS_SECRET_ACCESS_KEY="")
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert line == "ImproperlyConfigured: MEDIA_STORAGE=s3: AWS_SECRET_ACCESS_KEY is missing"


def test_files_on_this_machine_load_no_library_for_s3() -> None:
    program = (
        "import sys, django\n"
        "django.setup()\n"
        "from common.storage import media\n"
        "from config import urls\n"
        "media().url('crests/a.webp')\n"
        "print(sorted({'boto3', 'botocore', 'storages'} & set(sys.modules)))\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", program], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    assert process.stdout == "[]\n"
