"""The media storage of a test on a real S3 server, or on a line to it that can be slowed down and cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django import Settings

from common.buckets import Bucket
from common.storage import Storage, media
from demo import s3_server as demo_server
from demo.s3_server import S3Server
from tests.tcp_proxy import Proxy


def objects() -> Path:
    """Where the server keeps the objects of the bucket in use, as files."""
    bucket = settings.BUCKET
    assert bucket is not None
    return FOLDERS[bucket.name] / bucket.location


# The folders of the buckets in use.
FOLDERS: dict[str, Path] = {}


def variables() -> dict[str, str]:
    """The environment of a process that uses the same bucket; nothing with the local storage."""
    return {} if settings.BUCKET is None else demo_server.variables(settings.BUCKET)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3(
    s3_server: S3Server, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Storage]:
    """The media storage, in an empty bucket. This machine's media folder cannot be used."""
    bucket = s3_server.bucket(f"bucket-{len(FOLDERS)}")
    FOLDERS[bucket.name] = s3_server.folder / bucket.name
    settings.MEDIA_STORAGE, settings.BUCKET = "s3", bucket
    nowhere = tmp_path / "no folder"
    nowhere.touch()
    settings.MEDIA_ROOT = nowhere / "media"
    yield media()
    assert nowhere.read_bytes() == b""


@pytest.fixture
def s3_line(s3: Storage, settings: Settings) -> Iterator[Proxy]:
    """The connection to the server, which can be slowed down and cut."""
    bucket: Bucket = settings.BUCKET
    with Proxy(int(bucket.endpoint.rpartition(":")[2])) as proxy:
        settings.BUCKET = replace(bucket, endpoint=f"http://127.0.0.1:{proxy.port}")
        yield proxy
